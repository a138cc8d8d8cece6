//! Made-up values of every kind, from a seed: check digits by the published rules, written here a second time so that the library is not
//! its own judge. Domains are reserved (RFC 2606, RFC 6761), addresses are those for documentation (RFC 5737, RFC 3849), phones are those
//! for fiction where a country has them; keys have a form and nobody's.

/// Numbers that follow from a seed: xorshift, by Marsaglia.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }

    pub fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    pub fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[usize::try_from(self.next()).expect("64 bits") % all.len()]
    }

    pub fn digits(&mut self, count: usize) -> Vec<u64> {
        (0..count).map(|_| self.below(10)).collect()
    }

    pub fn text(&mut self, alphabet: &str, count: usize) -> String {
        let all: Vec<char> = alphabet.chars().collect();
        (0..count).map(|_| all[usize::try_from(self.next()).expect("64 bits") % all.len()]).collect()
    }
}

const ALNUM: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &str = "0123456789abcdef";

fn joined(digits: &[u64]) -> String {
    digits.iter().map(u64::to_string).collect()
}

/// Digits in groups.
fn grouped(digits: &[u64], groups: &[usize], between: &str) -> String {
    let mut rest = digits;
    let parts: Vec<String> = groups
        .iter()
        .map(|length| {
            let (now, later) = rest.split_at(*length);
            rest = later;
            joined(now)
        })
        .collect();
    parts.join(between)
}

fn luhn_digit(digits: &[u64]) -> u64 {
    let sum: u64 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| if at % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { *digit })
        .sum();
    (10 - sum % 10) % 10
}

fn date(random: &mut Random) -> (u64, u64, u64) {
    (random.below(100), random.between(1, 12), random.between(1, 28))
}

fn pairs(numbers: &[u64]) -> Vec<u64> {
    numbers.iter().flat_map(|number| [number / 10, number % 10]).collect()
}

fn value(digits: &[u64]) -> u64 {
    digits.iter().fold(0, |value, digit| value * 10 + digit)
}

fn weighted(digits: &[u64], weights: &[u64]) -> u64 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// Draws until there is one: some numbers have no check digit.
fn until<T>(random: &mut Random, mut draw: impl FnMut(&mut Random) -> Option<T>) -> T {
    loop {
        if let Some(drawn) = draw(random) {
            return drawn;
        }
    }
}

fn email(r: &mut Random) -> String {
    let locals = [
        "john",
        "anna.maria",
        "j.doe+news",
        "o'brien",
        "support-team",
        "x_1",
        "Dörte",
        "иван",
        "user%list",
        "a",
        "99red",
        "用户",
        "MAX.MUSTERMANN",
        "\"first last\"",
    ];
    let domains = [
        "example.com",
        "example.org",
        "mail.example.net",
        "sub.domain.example",
        "xn--bcher-kva.example",
        "bücher.example",
        "пример.example",
        "example.co.uk",
        "EXAMPLE.COM",
    ];
    let (local, domain) = (r.of(&locals), r.of(&domains));
    // Letters of two kinds of scripts are not in one word.
    if local == "用户" { format!("{local}@例子.测试") } else { format!("{local}@{domain}") }
}

fn phone(r: &mut Random) -> String {
    let last = format!("{:04}", r.between(100, 199));
    let line = format!("{:06}", r.between(900_000, 900_999));
    match r.below(14) {
        0 => format!("+1 202 555 {last}"),
        1 => format!("(303) 555-{last}"),
        2 => format!("415-555-{last}"),
        3 => format!("+1-212-555-{last}"),
        4 => format!("+1202555{last}"),
        5 => format!("+44 7700 {line}"),
        6 => format!("07700 {line}"),
        7 => "+44 20 7946 0".to_owned() + &last[1..],
        8 => "+49 30 23125 ".to_owned() + &last[1..],
        9 => format!("01 99 00 {} {}", r.between(10, 99), r.between(10, 99)),
        10 => format!("+33 1 99 00 {} {}", r.between(10, 99), r.between(10, 99)),
        11 => format!("06-{}", r.between(12_000_000, 98_000_000)),
        12 => format!("+34 612 {:02} {:02} {:02}", r.below(100), r.below(100), r.below(100)),
        _ => format!("212.555.{last}"),
    }
}

fn card(r: &mut Random) -> String {
    let (prefix, length, groups): (&[u64], usize, &[usize]) = match r.below(6) {
        0 => (&[3, 7], 15, &[4, 6, 5]),
        1 => (&[5, 4], 16, &[4, 4, 4, 4]),
        2 => (&[6, 0, 1, 1], 16, &[4, 4, 4, 4]),
        3 => (&[3, 5, 3, 0], 16, &[4, 4, 4, 4]),
        4 => (&[6, 2], 19, &[4, 4, 4, 4, 3]),
        _ => (&[4], 16, &[4, 4, 4, 4]),
    };
    let mut digits = prefix.to_vec();
    digits.extend(r.digits(length - prefix.len() - 1));
    digits.push(luhn_digit(&digits));
    match r.below(3) {
        0 => joined(&digits),
        1 => grouped(&digits, groups, " "),
        _ => grouped(&digits, groups, "-"),
    }
}

fn iban(r: &mut Random) -> String {
    let (country, length, bank) = match r.below(5) {
        0 => ("DE", 18, ""),
        1 => ("NL", 10, "ABNA"),
        2 => ("GB", 14, "WEST"),
        3 => ("ES", 20, ""),
        _ => ("PL", 24, ""),
    };
    let account = format!("{bank}{}", joined(&r.digits(length)));
    let long: String = format!("{account}{country}00")
        .chars()
        .map(|c| c.to_digit(36).expect("alphanumeric").to_string())
        .collect();
    let rest = long.chars().fold(0, |rest, c| (rest * 10 + c.to_digit(10).expect("a digit")) % 97);
    let whole = format!("{country}{:02}{account}", 98 - rest);
    if r.below(2) == 0 {
        return whole;
    }
    let groups: Vec<&str> =
        (0..whole.len()).step_by(4).map(|at| &whole[at..whole.len().min(at + 4)]).collect();
    groups.join(" ")
}

fn jwt(r: &mut Random) -> String {
    let header = r.of(&[
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
        "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9",
        "eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ",
    ]);
    let payload = format!("eyJzdWIiOi{}", r.text(ALNUM, 40));
    format!("{header}.{payload}.{}", r.text(ALNUM, 43))
}

fn api_key(r: &mut Random) -> String {
    match r.below(8) {
        0 => format!("ghp_{}7a", r.text(ALNUM, 34)),
        1 => format!("glpat-{}7a", r.text(ALNUM, 18)),
        2 => format!("sk_live_{}7a", r.text(ALNUM, 22)),
        3 => format!("xoxb-{}-{}-{}", joined(&r.digits(12)), joined(&r.digits(12)), r.text(ALNUM, 24)),
        4 => format!("AIza{}7a", r.text(ALNUM, 33)),
        5 => format!("SG.{}.{}", r.text(ALNUM, 22), r.text(ALNUM, 43)),
        6 => format!("npm_{}7a", r.text(ALNUM, 34)),
        _ => format!("hf_{}7a", r.text(ALNUM, 32)),
    }
}

fn ipv6(r: &mut Random) -> String {
    let group = |r: &mut Random| format!("{:x}", r.below(0x1_0000));
    match r.below(4) {
        0 => format!("2001:db8::{}", group(r)),
        1 => format!("2001:db8:{}:{}::{}:{}", group(r), group(r), group(r), group(r)),
        2 => {
            format!("2001:db8:{}:{}:{}:{}:{}:{}", group(r), group(r), group(r), group(r), group(r), group(r))
        }
        _ => format!("::ffff:192.0.2.{}", r.below(256)),
    }
}

#[allow(clippy::too_many_lines, reason = "a country each, one after the other")]
fn national(kind: &str, r: &mut Random) -> String {
    let (year, month, day) = date(r);
    match kind {
        "be_nrn" => {
            let first = value(&pairs(&[year, month, day])) * 1000 + r.between(1, 997);
            let digits = format!("{first:09}{:02}", 97 - first % 97);
            let (a, b) = (&digits[..6], &digits[6..]);
            if r.below(2) == 0 {
                digits
            } else {
                format!("{}.{}.{}-{}.{}", &a[..2], &a[2..4], &a[4..], &b[..3], &b[3..])
            }
        }
        "br_cpf" => {
            let mut digits = r.digits(9);
            for weights in [&[10, 9, 8, 7, 6, 5, 4, 3, 2][..], &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]] {
                let rest = weighted(&digits, weights) % 11;
                digits.push(if rest < 2 { 0 } else { 11 - rest });
            }
            if r.below(3) == 0 {
                joined(&digits)
            } else {
                format!("{}-{}", grouped(&digits[..9], &[3, 3, 3], "."), joined(&digits[9..]))
            }
        }
        "ca_sin" => {
            let mut digits = vec![r.between(1, 7)];
            digits.extend(r.digits(7));
            digits.push(luhn_digit(&digits));
            if r.below(2) == 0 { joined(&digits) } else { grouped(&digits, &[3, 3, 3], " ") }
        }
        "ch_ahv" => {
            let mut digits = vec![7, 5, 6];
            digits.extend(r.digits(9));
            digits.push((10 - weighted(&digits, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]) % 10) % 10);
            if r.below(2) == 0 { joined(&digits) } else { grouped(&digits, &[3, 4, 4, 2], ".") }
        }
        "cn_ric" => {
            let mut digits = vec![1, 1, 0, 1, 0, 5];
            digits.extend(pairs(&[19, year, month, day]));
            digits.extend(r.digits(3));
            let sum = weighted(&digits, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11;
            format!("{}{}", joined(&digits), &"10X98765432"[usize::try_from(sum).expect("small")..][..1])
        }
        "de_tin" => until(r, |r| {
            let mut digits = r.digits(10);
            let counts: Vec<usize> =
                (0..10).map(|digit| digits.iter().filter(|d| **d == digit).count()).collect();
            if digits[0] == 0
                || counts.iter().filter(|count| **count > 1).count() != 1
                || counts.iter().any(|count| *count > 3)
            {
                return None;
            }
            let product = digits.iter().fold(10, |product, digit| {
                let sum = (digit + product) % 10;
                (if sum == 0 { 10 } else { sum }) * 2 % 11
            });
            digits.push(if product == 1 { 0 } else { 11 - product });
            Some(if r.below(2) == 0 { joined(&digits) } else { grouped(&digits, &[2, 3, 3, 3], " ") })
        }),
        "es_dni" => {
            let number = r.below(10_000_000);
            let (first, add) = [("1", 10_000_000), ("X", 0), ("Y", 10_000_000), ("Z", 20_000_000)]
                [usize::try_from(r.below(4)).expect("small")];
            let rest = usize::try_from((number + add) % 23).expect("small");
            format!("{first}{number:07}{}", &"TRWAGMYFPDXBNJZSQVHLCKE"[rest..=rest])
        }
        "fi_hetu" => {
            let serial = r.between(2, 899);
            let rest =
                usize::try_from((value(&pairs(&[day, month, year])) * 1000 + serial) % 31).expect("small");
            let sign = r.of(&["-", "A", "Y"]);
            format!(
                "{day:02}{month:02}{year:02}{sign}{serial:03}{}",
                &"0123456789ABCDEFHJKLMNPRSTUVWXY"[rest..=rest]
            )
        }
        "fr_nir" => {
            let mut digits = vec![r.between(1, 2)];
            digits.extend(pairs(&[year, month, r.between(1, 95)]));
            digits.extend(r.digits(6));
            digits.extend(pairs(&[97 - value(&digits) % 97]));
            if r.below(2) == 0 { joined(&digits) } else { grouped(&digits, &[1, 2, 2, 2, 3, 3, 2], " ") }
        }
        "in_aadhaar" => {
            let mut digits = vec![r.between(2, 9)];
            digits.extend(r.digits(10));
            digits.push(verhoeff_digit(&digits));
            if r.below(3) == 0 { joined(&digits) } else { grouped(&digits, &[4, 4, 4], " ") }
        }
        "it_cf" => {
            let letters = |r: &mut Random, count| r.text("BCDFGLMNPRSTV", count);
            let first = format!(
                "{}{year:02}{}{:02}{}{:03}",
                letters(r, 6),
                r.text("ABCDEHLMPRST", 1),
                day + 40 * r.below(2),
                r.text("ABCDEFGHIL", 1),
                r.below(1000)
            );
            let odd = [
                1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
            ];
            let sum: u32 = first
                .chars()
                .enumerate()
                .map(|(at, c)| {
                    let value = c.to_digit(10).unwrap_or_else(|| u32::from(c) - u32::from('A'));
                    if at % 2 == 0 { odd[usize::try_from(value).expect("small")] } else { value }
                })
                .sum();
            format!("{first}{}", char::from_u32(u32::from('A') + sum % 26).expect("a letter"))
        }
        "nl_bsn" => until(r, |r| {
            let mut digits = r.digits(8);
            let rest = weighted(&digits, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
            digits.push(rest);
            (rest < 10).then(|| joined(&digits))
        }),
        "no_fnr" => until(r, |r| {
            let mut digits = pairs(&[day, month, year]);
            digits.extend(r.digits(3));
            for weights in [&[3, 7, 6, 1, 8, 9, 4, 5, 2][..], &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]] {
                digits.push((11 - weighted(&digits, weights) % 11) % 11);
            }
            let whole = digits.iter().all(|digit| *digit < 10);
            whole.then(|| if r.below(2) == 0 { joined(&digits) } else { grouped(&digits, &[6, 5], " ") })
        }),
        "pl_pesel" => {
            let mut digits = pairs(&[year, month, day]);
            digits.extend(r.digits(4));
            digits.push((10 - weighted(&digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10) % 10);
            joined(&digits)
        }
        "se_pnr" => {
            let mut digits = pairs(&[year, month, day]);
            digits.extend(r.digits(3));
            digits.push(luhn_digit(&digits));
            format!("{}{}-{}", r.of(&["", "19"]), joined(&digits[..6]), joined(&digits[6..]))
        }
        "uk_nhs" => until(r, |r| {
            let mut digits = vec![r.between(4, 7)];
            digits.extend(r.digits(8));
            let check = (11 - weighted(&digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11;
            digits.push(check);
            (check < 10)
                .then(|| if r.below(2) == 0 { joined(&digits) } else { grouped(&digits, &[3, 3, 4], " ") })
        }),
        "uk_nino" => {
            let digits = r.digits(6);
            let (first, last) = (r.of(&["AB", "JG", "WE", "PR", "HN"]), r.of(&["A", "B", "C", "D"]));
            if r.below(2) == 0 {
                format!("{first}{}{last}", joined(&digits))
            } else {
                format!("{first} {} {last}", grouped(&digits, &[2, 2, 2], " "))
            }
        }
        other => panic!("{other} is no kind"),
    }
}

/// By the tables of the algorithm as they are printed.
fn verhoeff_digit(digits: &[u64]) -> u64 {
    const PRODUCT: [&str; 10] = [
        "0123456789",
        "1234067895",
        "2340178956",
        "3401289567",
        "4012395678",
        "5987604321",
        "6598710432",
        "7659821043",
        "8765932104",
        "9876543210",
    ];
    const MOVED: [&str; 8] = [
        "0123456789",
        "1576283094",
        "5803796142",
        "8916043527",
        "9453126870",
        "4286573901",
        "2793806415",
        "7046913258",
    ];
    let at = |row: &str, column: usize| usize::from(row.as_bytes()[column] - b'0');
    let mut check = 0;
    for (place, digit) in digits.iter().rev().enumerate() {
        let digit = usize::try_from(*digit).expect("a digit");
        check = at(PRODUCT[check], at(MOVED[(place + 1) % 8], digit));
    }
    (0..10)
        .find(|inverse| at(PRODUCT[check], usize::try_from(*inverse).expect("a digit")) == 0)
        .expect("an inverse")
}

/// A value of this kind.
pub fn of(kind: &str, r: &mut Random) -> String {
    match kind {
        "email" => email(r),
        "phone" => phone(r),
        "card" => card(r),
        "iban" => iban(r),
        "jwt" => jwt(r),
        "aws_key" => format!("{}{}", r.of(&["AKIA", "ASIA"]), r.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)),
        "api_key" => api_key(r),
        "us_ssn" => {
            let area = until(r, |r| Some(r.between(1, 899)).filter(|area| *area != 666));
            let (group, serial) = (r.between(1, 99), r.between(1, 9999));
            if r.below(4) == 0 {
                format!("{area:03}{group:02}{serial:04}")
            } else {
                format!("{area:03}-{group:02}-{serial:04}")
            }
        }
        "ipv4" => format!("{}.{}", r.of(&["192.0.2", "198.51.100", "203.0.113"]), r.below(256)),
        "ipv6" => ipv6(r),
        "mac" => {
            let bytes: Vec<String> = (0..3).map(|_| r.text(HEX, 2)).collect();
            let between = r.of(&[":", "-"]);
            format!("00{between}00{between}5e{between}{}", bytes.join(between))
        }
        national => self::national(national, r),
    }
}
