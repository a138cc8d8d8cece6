//! What can be found.

use std::fmt;

/// Defines the built-in kinds once: variant, name, group, and what it is.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident $name:literal $group:literal;)*) => {
        /// What a finding is. The order is the order of precedence among findings of the same place: what is only
        /// found where it is called so comes before what is found by its checks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            /// A rule of the caller's own, by its place among those of [`crate::Rules::custom`] that are not off.
            Custom(u8),
            $($(#[$doc])* $variant,)*
        }

        impl Kind {
            /// Every kind that is built in.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name in rules, in placeholders and in documents. Custom rules have names of their own:
            /// [`crate::Masker::name`].
            pub fn name(self) -> &'static str {
                match self {
                    Self::Custom(_) => "custom",
                    $(Self::$variant => $name,)*
                }
            }

            /// The name of the group that rules can address as one; a kind that is alone in its group has
            /// the group's name.
            pub fn group(self) -> &'static str {
                match self {
                    Self::Custom(_) => "custom",
                    $(Self::$variant => $group,)*
                }
            }

            /// Its place in a [`Set`]. Custom rules have none: they are looked for by other means.
            fn bit(self) -> u64 {
                match self {
                    Self::Custom(_) => 0,
                    $(Self::$variant => 1 << Place::$variant as u64,)*
                }
            }
        }

        /// The place of each in [`Kind::ALL`].
        enum Place {
            $($variant,)*
        }
    };
}

kinds! {
    /// An e-mail address: RFC 5321, 5322, 6531.
    Email "email" "email";
    /// A JSON Web Token: RFC 7519, in the compact forms of RFC 7515 and RFC 7516.
    Jwt "jwt" "jwt";
    /// An AWS access key id, or a secret access key that is called so.
    AwsKey "aws_key" "aws_key";
    /// A key or token of another service, by its published prefix and length.
    ApiKey "api_key" "api_key";
    /// An international bank account number: ISO 13616.
    Iban "iban" "iban";
    /// A social security number of the United States.
    UsSsn "us_ssn" "us_ssn";
    /// Canada: social insurance number.
    CaSin "ca_sin" "national_id";
    /// Germany: steuerliche Identifikationsnummer.
    DeTin "de_tin" "national_id";
    /// India: Aadhaar.
    InAadhaar "in_aadhaar" "national_id";
    /// The Netherlands: burgerservicenummer.
    NlBsn "nl_bsn" "national_id";
    /// Poland: PESEL.
    PlPesel "pl_pesel" "national_id";
    /// United Kingdom: NHS number.
    UkNhs "uk_nhs" "national_id";
    /// Belgium: rijksregisternummer, numéro de registre national.
    BeNrn "be_nrn" "national_id";
    /// Brazil: CPF.
    BrCpf "br_cpf" "national_id";
    /// Switzerland: AHV-Nummer, numéro AVS.
    ChAhv "ch_ahv" "national_id";
    /// China: resident identity card number, GB 11643.
    CnRic "cn_ric" "national_id";
    /// Spain: DNI and NIE.
    EsDni "es_dni" "national_id";
    /// Finland: henkilötunnus.
    FiHetu "fi_hetu" "national_id";
    /// France: numéro de sécurité sociale (NIR).
    FrNir "fr_nir" "national_id";
    /// Italy: codice fiscale.
    ItCf "it_cf" "national_id";
    /// Norway: fødselsnummer and D-nummer.
    NoFnr "no_fnr" "national_id";
    /// Sweden: personnummer and samordningsnummer.
    SePnr "se_pnr" "national_id";
    /// United Kingdom: national insurance number.
    UkNino "uk_nino" "national_id";
    /// A payment card number: ISO/IEC 7812.
    Card "card" "card";
    /// An IPv6 address: RFC 4291, RFC 5952, with a zone as in RFC 4007.
    Ipv6 "ipv6" "ip";
    /// An IPv4 address in dotted decimal.
    Ipv4 "ipv4" "ip";
    /// A MAC address: EUI-48 and EUI-64.
    Mac "mac" "mac";
    /// A telephone number: E.164, and national forms.
    Phone "phone" "phone";
}

impl Kind {
    /// The built-in kinds with this name, or all of the group with this name.
    pub fn named(name: &str) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |kind| kind.name() == name || kind.group() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which built-in kinds are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Set(u64);

impl Set {
    pub fn insert(&mut self, kind: Kind) {
        self.0 |= kind.bit();
    }

    pub fn has(self, kind: Kind) -> bool {
        self.0 & kind.bit() != 0
    }

    pub fn has_any(self, kinds: &[Kind]) -> bool {
        kinds.iter().any(|kind| self.has(*kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lead_to_their_kinds() {
        for kind in Kind::ALL {
            assert!(Kind::named(kind.name()).any(|found| found == *kind));
            assert_eq!(Kind::ALL.iter().filter(|other| other.name() == kind.name()).count(), 1, "{kind}");
        }
        assert_eq!(Kind::named("national_id").count(), 17);
        assert_eq!(Kind::named("ip").collect::<Vec<_>>(), [Kind::Ipv6, Kind::Ipv4]);
        assert_eq!(Kind::named("names").count(), 0);
    }

    #[test]
    fn a_set_has_what_was_put_in() {
        let mut set = Set::default();
        set.insert(Kind::Email);
        set.insert(Kind::Phone);
        assert!(set.has(Kind::Email) && set.has(Kind::Phone) && !set.has(Kind::Card));
        assert!(!set.has(Kind::Custom(0)));
    }
}
