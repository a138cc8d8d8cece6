//! The primitives that the format is made of, as this build of them answers: the cases of the GCM
//! submission to NIST (`McGrew`, Viega: The Galois/Counter Mode of Operation, appendix B, 13 to 16), of
//! RFC 5869 (appendix A, SHA-256), and Wycheproof's AES-GCM set.

use aws_lc_rs::aead::{
    AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, Algorithm, LessSafeKey, Nonce, UnboundKey,
};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk};
use aws_lc_rs::hmac;
use wycheproof::TestResult;
use wycheproof::aead::{TestName, TestSet};

fn hex(text: &str) -> Vec<u8> {
    hex::decode(text).expect("hex")
}

/// Ciphertext and tag; `None` if the key, the nonce or the data are refused.
fn sealed(key: &[u8], nonce: &[u8], aad: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    let mut data = plain.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    cipher(key)?.seal_in_place_append_tag(nonce, Aad::from(aad), &mut data).ok()?;
    Some(data)
}

fn opened(key: &[u8], nonce: &[u8], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let mut data = sealed.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let plain = cipher(key)?.open_in_place(nonce, Aad::from(aad), &mut data).ok()?;
    Some(plain.to_vec())
}

fn cipher(key: &[u8]) -> Option<LessSafeKey> {
    let algorithm: &'static Algorithm = match key.len() {
        16 => &AES_128_GCM,
        24 => &AES_192_GCM,
        _ => &AES_256_GCM,
    };
    UnboundKey::new(algorithm, key).ok().map(LessSafeKey::new)
}

#[test]
fn the_cases_of_the_submission_to_nist() {
    let zero = "0000000000000000000000000000000000000000000000000000000000000000";
    let long = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
    let plain = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                 1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
    let cipher = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                  8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad";
    let aad = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
    let cases = [
        (zero, "000000000000000000000000", "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"),
        (
            zero,
            "000000000000000000000000",
            "",
            "00000000000000000000000000000000",
            "cea7403d4d606b6e074ec5d3baf39d18",
            "d0d1c8a799996bf0265b98b5d48ab919",
        ),
        (long, "cafebabefacedbaddecaf888", "", plain, cipher, "b094dac5d93471bdec1a502270e3cc6c"),
        (
            long,
            "cafebabefacedbaddecaf888",
            aad,
            &plain[..120],
            &cipher[..120],
            "76fc6ece0f4e1768cddf8853bb2d551b",
        ),
    ];
    for (key, nonce, aad, plain, cipher, tag) in cases {
        let (key, nonce, aad, plain) = (hex(key), hex(nonce), hex(aad), hex(plain));
        let expect = hex(&format!("{cipher}{tag}"));
        assert_eq!(sealed(&key, &nonce, &aad, &plain), Some(expect.clone()), "{tag}");
        assert_eq!(opened(&key, &nonce, &aad, &expect), Some(plain), "{tag}");
    }
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

#[test]
fn the_cases_of_rfc_5869() {
    let run = |from: u8, to: u8| (from..=to).collect::<Vec<u8>>();
    let cases = [
        (
            vec![0x0b; 22],
            run(0x00, 0x0c),
            run(0xf0, 0xf9),
            "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            run(0x00, 0x4f),
            run(0x60, 0xaf),
            run(0xb0, 0xff),
            "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09\
             da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
        ),
        (
            vec![0x0b; 22],
            vec![],
            vec![],
            "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ];
    for (secret, salt, info, prk, okm) in cases {
        // The way the vault does it: extract is HMAC (RFC 5869, 2.2), expand is the library's.
        let extracted = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &salt), &secret);
        assert_eq!(hex::encode(extracted.as_ref()), prk);
        let mut out = vec![0; okm.len() / 2];
        let length = Length(out.len());
        Prk::new_less_safe(HKDF_SHA256, extracted.as_ref())
            .expand(&[&info], length)
            .and_then(|expanded| expanded.fill(&mut out))
            .expect("expanded");
        assert_eq!(hex::encode(out), okm);
    }
}

#[test]
fn wycheproofs_aes_gcm_set() {
    let set = TestSet::load(TestName::AesGcm).expect("the set");
    let (mut tried, mut not_ours) = (0, 0);
    for group in set.test_groups {
        for test in group.tests {
            let all = [test.ct.as_slice(), test.tag.as_slice()].concat();
            let got = opened(&test.key, &test.nonce, &test.aad, &all);
            tried += 1;
            if group.nonce_size != 96 || group.tag_size != 128 {
                // The vault has no nonce of another length: the library takes none.
                assert_eq!(got, None, "{}", test.tc_id);
                not_ours += 1;
                continue;
            }
            if test.result == TestResult::Invalid {
                assert_eq!(got, None, "{}: {}", test.tc_id, test.comment);
                continue;
            }
            assert_eq!(got.as_deref(), Some(test.pt.as_slice()), "{}: {}", test.tc_id, test.comment);
            assert_eq!(sealed(&test.key, &test.nonce, &test.aad, &test.pt), Some(all), "{}", test.tc_id);
        }
    }
    assert!(tried > 300 && not_ours * 2 < tried, "{tried} cases, {not_ours} of them of no use here");
}
