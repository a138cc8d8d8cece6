//! Packages that only their recipient opens.

use std::io::Read;

use age::secrecy::SecretString;
use domain::Personal;
use domain::export::Format;
use export::{Recipient, RecipientError};

use crate::support::{finish, manifest, sample, unzip};

fn open(bytes: &[u8], identity: &dyn age::Identity) -> Result<Vec<u8>, age::DecryptError> {
    let decryptor = age::Decryptor::new(bytes)?;
    let mut plain = Vec::new();
    decryptor.decrypt(std::iter::once(identity))?.read_to_end(&mut plain)?;
    Ok(plain)
}

#[test]
fn only_the_recipients_key_opens_it() {
    let (ours, theirs) = (age::x25519::Identity::generate(), age::x25519::Identity::generate());
    let recipient = Recipient::parse(&format!(" {}\n", ours.to_public())).expect("a recipient");
    let (bytes, _) = finish(sample(Format::Json, Some(&recipient)));
    assert!(bytes.starts_with(b"age-encryption.org/v1\n-> X25519 "));
    assert!(open(&bytes, &theirs).is_err());
    let plain = open(&bytes, &ours).expect("it opens");
    assert_eq!(manifest(&unzip(&plain)).totals.records, 5);
    assert!(open(&bytes[..bytes.len() - 1], &ours).is_err(), "a cut package is no package");
}

#[test]
fn only_the_passphrase_opens_it() {
    let passphrase = "correct horse battery";
    let recipient = Recipient::passphrase(&Personal::new(passphrase)).expect("a recipient");
    let (bytes, _) = finish(sample(Format::Json, Some(&recipient)));
    let head = String::from_utf8_lossy(&bytes[..80]).into_owned();
    assert!(head.contains("-> scrypt ") && head.contains(" 15\n"), "{head}");
    let identity = |text: &str| age::scrypt::Identity::new(SecretString::from(text.to_owned()));
    let plain = open(&bytes, &identity(passphrase)).expect("it opens");
    assert_eq!(manifest(&unzip(&plain)).totals.records, 5);
    assert!(open(&bytes, &identity("correct horse")).is_err());
}

#[test]
fn what_is_no_recipient_says_why() {
    let good = age::x25519::Identity::generate().to_public().to_string();
    let check = |text: &str, expect: RecipientError| {
        let error = Recipient::parse(text).expect_err("it is none");
        assert_eq!(error, expect);
        assert!(!error.to_string().contains(&good[10..]), "the text is not repeated");
    };
    check("", RecipientError::Prefix);
    check("ssh-ed25519 AAAA", RecipientError::Prefix);
    check(&good.to_uppercase(), RecipientError::Prefix);
    check("AGE-SECRET-KEY-1QQQ", RecipientError::SecretKey);
    check("age1yubikey1qqq", RecipientError::OtherSort);
    check(&good[..61], RecipientError::Length(61));
    check(&format!("{good}q"), RecipientError::Length(63));
    check(&format!("{}b{}", &good[..9], &good[10..]), RecipientError::Character(10));
    check(&format!("{}é{}", &good[..9], &good[10..]), RecipientError::Character(10));
    let other = if good.ends_with('q') { 'p' } else { 'q' };
    check(&format!("{}{other}", &good[..61]), RecipientError::Checksum);
    let short = Recipient::passphrase(&Personal::new("marked é 11")).expect_err("it is short");
    assert_eq!(short, RecipientError::Short(11));
    assert_eq!(short.to_string(), "a passphrase has at least 12 characters, and this has 11");
}

#[test]
fn a_recipient_is_never_printed() {
    let recipient = Recipient::passphrase(&Personal::new("marked marked marked")).expect("a recipient");
    assert_eq!(format!("{recipient:?}"), "[recipient]");
}
