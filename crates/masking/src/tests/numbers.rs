//! Numbers as people and programs write them: what touches one, and how its groups are parted.

use crate::Kind::{Card, Email, Phone, UsSsn};
use crate::kinds::testing::{all, each_in, found, none, only};

#[test]
fn a_colon_or_an_at_behind_groups_hides_none() {
    for (kind, value) in [
        (Phone, "020 7946 0958"),
        (Phone, "030 901820"),
        (Phone, "+49 30 901820"),
        (Phone, "212 555 0123"),
        (Phone, "+33 6 12 34 56 78"),
        (Phone, "06 12 34 56 12"),
        (Card, "4111 1111 1111 1111"),
        (UsSsn, "123 45 6789"),
    ] {
        let word = if kind == UsSsn { "SSN" } else { "seen" };
        for behind in [
            ":call", ":added", ":8080", ":12/27", ":a", ":1", ":10", ":f:1", ":80:tcp", "@shop", "@17:02",
            ": 12", ":", "@",
        ] {
            only(kind, value, &format!("{word} {value}{behind}"));
        }
    }
    // There something else begins at the last group.
    for number in ["0171 1234567", "+49 30 901820", "4111 1111 1111 1111"] {
        for behind in ["2001:db8::1", "00:00:5e:00:53:01", "17@example.com", "1::"] {
            each_in(&format!("{number} {behind}"), &[number, behind]);
        }
        only(found(number)[0].0, number, &format!("{number} 10:11:12 seen"));
        only(found(number)[0].0, number, &format!("{number} 10:11"));
    }
    only(Phone, "06 12 34 56 78", "06 12 34 56 78 10:11");
}

#[test]
fn an_extension_behind_a_number_in_one_piece() {
    only(Phone, "2125550123-3", "phone 2125550123-3");
    only(Phone, "2125550123", "phone 2125550123.");
    only(Phone, "0301234567-12", "Tel. 0301234567-12");
    only(Phone, "2125550123-1234", "{\"phone\":\"2125550123-1234\"}");
    none(&[
        "2125550123-3",
        "order 2125550123-3",
        "mobile=1234567.25",
        "gsm 1732273200.123",
        "mobile 20261122-1011",
    ]);
}

#[test]
fn a_bracket_behind_any_sign() {
    all(
        Phone,
        &[
            "+49-(0)30-901820",
            "+49.(0)30.901820",
            "+44.(0)20.7946.0958",
            "+49/(0)30/901820",
            "+1-(212)-555-0123",
            "+1-(212) 555-0123",
            "+1.(212).555.0123",
            "1-(212) 555-0123",
        ],
    );
}

#[test]
fn emphasis_around_what_does_not_begin_with_a_digit() {
    only(Phone, "+49 30 901820", "**Tel:** **+49 30 901820**");
    only(Phone, "(0171) 1234567", "**Phone:** **(0171) 1234567**");
    only(Phone, "+49 30 901820", "***+49 30 901820***");
    only(Phone, "(212) 555-0123", "***(212) 555-0123***");
    only(Card, "4111 1111 1111 1111", "***(4111 1111 1111 1111)***");
    only(Phone, "+49 30 901820", "**Tel:** **+49 30 901820 (mobil)**");
    none(&["tel ***) 0123 020 7946"]);
}

#[test]
fn a_name_with_a_number_is_no_clock() {
    only(Phone, "06 12 34 56 78", "phone2:06 12 34 56 78");
    only(Phone, "01.99.00.12.34", "tel2:01.99.00.12.34");
    only(Phone, "06-12345678", "\"phone1:06-12345678\"");
    none(&[
        "10:06 12 34 56 78",
        "7:06 12 34 56 78",
        "2026-11-22T10:06 12 34 56 78",
        "2026-11-22_10:05 1234567 bytes",
        "2026年11月22日10:05 1234567 bytes",
        "GPU0:05 1234567",
        "chr1:06-12345678",
    ]);
    only(Phone, "212-555-0123", "2026-11-22_10:05 212-555-0123");
}

#[test]
fn names_in_capitals_with_accents() {
    for name in ["TÉLÉPHONE", "MÓVIL", "TELÉFONO", "TÉL", "tÉL", "Tél"] {
        only(Phone, "0612345678", &format!("{name} : 0612345678"));
        only(Phone, "612345678", &format!("{{\"{name}\":\"612345678\"}}"));
        only(Phone, "612345678", &format!("{name} NÚMERO: 612345678"));
    }
}

#[test]
fn whole_numbers_that_were_floats() {
    each_in("{\"phone\":2125550123.0,\"card\":4111111111111111.0}", &["2125550123", "4111111111111111"]);
    only(Phone, "2125550123", "phone 2125550123.0");
    only(Phone, "2125550123", "phone 2125550123.00, seen");
    only(UsSsn, "078051120", "ssn 078051120.0");
    only(Card, "4111111111111111", "4111111111111111.0");
    each_in("4111111111111111.0 123-456-7890", &["4111111111111111", "123-456-7890"]);
    each_in("4111111111111111.0 020 7946 0958", &["4111111111111111", "020 7946 0958"]);
    none(&["4111111111111111.01", "4111111111111111.0.1", "4111111111111111.000", "4111111111111111.0a"]);
}

#[test]
fn a_plus_for_a_blank() {
    each_in("phones=212-555-0123+415-555-0132", &["212-555-0123", "415-555-0132"]);
    each_in("+12125550123+12125550124", &["+12125550123", "+12125550124"]);
    only(Card, "4111111111111111", "card=4111111111111111+x");
    only(Card, "4111+1111+1111+1111", "/pay?card=4111+1111+1111+1111&ok=1");
    only(Phone, "212+555+0123", "/pay?phone=212+555+0123&ok=1");
    only(Phone, "030+901820", "tel=030+901820");
    only(UsSsn, "123+45+6789", "ssn=123+45+6789");
    only(Phone, "(212)+555-0123", "phone=(212)+555-0123&ok=1");
    only(Phone, "212+555-0123", "phone=212+555-0123");
    only(Phone, "1+(212)+555-0123", "phone=1+(212)+555-0123");
    only(Phone, "030+901820-12", "tel=030+901820-12");
    none(&["size 512+64+1024 bytes", "total=123+45+6789"]);
    for number in ["+12125550123", "+212-555-0123", "212-555-0123/", "+49 30 901820/"] {
        for count in [1, 2, 5, 6, 11] {
            let text = number.repeat(count);
            assert_eq!(found(&format!("x {text}")).len(), count, "{text}");
            if number.ends_with('/') {
                assert_eq!(found(&format!("{text}030 901820")).len(), count + 1, "{text}");
            }
        }
    }
    each_in("q=4111111111111111+4012888888881881", &["4111111111111111", "4012888888881881"]);
    none(&["1+14155550100", "2125550123+17", "4111111111111112+17"]);
}

#[test]
fn groups_of_something_longer_in_letters() {
    none(&[
        "tracking 1Z 999 AA1 01 2345 6784",
        "hex: ff 01 23 45 67 89 ab cd",
        "hex: fe ff 01 23 45 67 89",
        "hex: ff 01 23 45 67 89 ab",
        "00000010: ff 01 23 45 67 89 10 1f 9b",
        "hex: 01 23 45 67 89 ab cd",
    ]);
    only(Phone, "01 99 00 12 34", "01 99 00 12 34 de Paris");
    for behind in ["de Daniel", "de Bernard", "de Carole", "de demain", "de ce matin", "ab Montag"] {
        only(Phone, "01 99 00 12 34", &format!("Appel de 01 99 00 12 34 {behind}"));
    }
    only(Phone, "01 99 00 12 34", "appel de 01 99 00 12 34 de Paris");
    only(Phone, "01 99 00 12 34", "Paris 12e 01 99 00 12 34");
}

/// A group short of a parcel's number, at the beginning of a text as behind something.
#[test]
fn where_a_text_begins_says_nothing() {
    only(Phone, "01 6097 6784", "1Z 999 A1 01 6097 6784.");
    only(Phone, "01 6097 6784", "\n1Z 999 A1 01 6097 6784.");
}

#[test]
fn two_numbers_with_their_trunk_prefixes() {
    each_in("Tel: +49 30 901820/030 901821", &["+49 30 901820", "030 901821"]);
    each_in("+49 30 901820/0171 1234567", &["+49 30 901820", "0171 1234567"]);
}

#[test]
fn signs_that_are_no_letters() {
    only(Phone, "2125550123", "\u{feff}phone: 2125550123");
    only(Phone, "2125550123", "phone: \u{202a}2125550123\u{202c}");
    only(Phone, "2125550123", "phone\u{200b}: \u{200e}2125550123");
    only(Phone, "0142685300", "Tél. n° 0142685300");
    only(Phone, "612345678", "Tel. Nº 612345678");
    only(Phone, "612345678", "Tel. № 612345678");
    only(Card, "4111111111111111", "\u{feff}4111111111111111");
}

#[test]
fn what_follows_a_number_and_a_blank() {
    only(Phone, "+49 171 1234567", "+49 171 1234567 12.5%");
    only(Phone, "+49 171 1234567", "+49 171 1234567 12.5");
}

#[test]
fn an_address_with_dots_where_none_should_be() {
    all(Email, &["john.@example.com", "john..doe@example.com", "j.o..h.n.@example.com"]);
    only(Email, "john@example.com", "see...john@example.com");
    only(Email, "doe@example.com", "john...doe@example.com");
    none(&["..@example.com", ".@example.com", "john..@example.com"]);
}

#[test]
fn an_address_in_a_url() {
    all(Email, &["john%40example.com", "john%2Bnews%40example.com", "john.doe%40mail.example.com"]);
    only(Email, "john%40example.com", "GET /reset?email=john%40example.com&ok=1 HTTP/1.1");
    only(Email, "john%40example.com", "next=%2Freset%3Fmail%3Djohn%40example.com%26ok%3D1");
    each_in(
        "smtp://john%40example.com:pass@mail.example.com",
        &["john%40example.com", "pass@mail.example.com"],
    );
    none(&["100%40", "%40example.com", "a%4", "a%40", "a%40b", "50%40 off.com", "a%3D%40example.com"]);
    let masked = |text: &str| {
        let mut out = Vec::new();
        crate::Masker::default().mask(text.as_bytes(), &mut out);
        String::from_utf8(out).expect("text")
    };
    assert_eq!(masked("?email=john%40example.com"), "?email=j***%40example.com");
}

#[test]
fn an_address_behind_another_at() {
    only(Email, "john@example.com", "ssh john@example.com@host.example.com");
}

#[test]
fn names_with_other_words() {
    only(Phone, "01711234567", "Handynr. 01711234567");
    only(Phone, "01711234567", "Handynummer: 01711234567");
    only(Phone, "01711234567", "Telnr. 01711234567");
    for name in [
        "TelefonNr.",
        "HandyNr.:",
        "TelNr.",
        "TELEFONNR.",
        "Telno.",
        "Тел.",
        "тел.:",
        "моб. тел.",
        "Телефон:",
    ] {
        only(Phone, "01711234567", &format!("{name} 01711234567"));
    }
    none(&["Телеметрия: 1732273200", "телевизор 1234567", "тело 2125550123"]);
    none(&["hotel 01711234567", "telling 01711234567"]);
}

#[test]
fn an_address_is_found_behind_however_much_of_a_url() {
    let long =
        "redirect=https%3A%2F%2Fshop.example.com%2Faccount%2Fverify%3Ftoken%3Dabcdef0123456789%26email%3D";
    for address in [
        "john%40example.com",
        "john@example.com",
        "j.doe%2Bshop%40mail.example.com",
        "%22john%22%40example.com",
    ] {
        only(Email, address, &format!("GET /go?{long}{address} HTTP/1.1"));
        only(Email, address, &format!("{{\"url\":\"/go?{long}{address}\"}}"));
        only(Email, address, &format!("mail%3D{address}%26ok%3D1"));
        let blanks = "body=Hello%20my%20name%20is%20John%20Smith%20and%20my%20address%20is%20";
        only(Email, address, &format!("{blanks}{address}"));
    }
    let blanks = "body=Hello+my+name+is+John+Smith+and+my+current+mail+address+at+work+is+";
    only(Email, "john%40example.com", &format!("{blanks}john%40example.com&x=1"));
    only(Email, "john%40example.com", "body=mail+is+john%40example.com");
    // One plus may be the address's own.
    only(Email, "john+shop%40example.com", "e=john+shop%40example.com");
    only(Email, "john+shop+two@example.com", "e=john+shop+two@example.com");
    let masked = |text: &str| {
        let mut out = Vec::new();
        crate::Masker::default().mask(text.as_bytes(), &mut out);
        String::from_utf8(out).expect("text")
    };
    assert_eq!(masked("?e=%22john%22%40example.com"), "?e=***%40example.com");
}

#[test]
fn a_phone_behind_a_plus_is_found_behind_what_is_whole() {
    each_in("192.0.2.1+12125550123", &["192.0.2.1", "+12125550123"]);
    each_in("DE89370400440532013000+12125550123 x", &["DE89370400440532013000", "+12125550123"]);
    each_in("john@example.com+12125550123", &["john@example.com", "+12125550123"]);
    each_in("john@example.com+49 30 901820", &["john@example.com", "+49 30 901820"]);
    none(&[
        "1.2.3+12125550123",
        "example.com+12125550123",
        "DE00370400440532013000+12125550123",
        "v192.0.2.1.7+12125550123",
    ]);
}

#[test]
fn a_number_begins_behind_a_bracket_that_closes() {
    for value in [
        "212-555-0123",
        "0171 1234567",
        "+49 30 901820",
        "4111 1111 1111 1111",
        "4111111111111111",
        "123-45-6789",
    ] {
        for before in ["2)", "(2)", "x1)", "(192.0.2.1)", "(2026-11-23)", "[1] (a)", "item 12)", "(item 12)"]
        {
            let text = format!("{before}{value} seen");
            let last = found(&text).pop().map(|(_, value)| value);
            assert_eq!(last.as_deref(), Some(value), "{text}");
        }
    }
    // The country's code, as far as anybody can tell.
    only(Phone, "1)212-555-0123", "1)212-555-0123");
    each_in("a) 212-555-0123 2)415-555-0132", &["212-555-0123", "415-555-0132"]);
    only(Phone, "(212)555-0123", "(212)555-0123");
    only(Phone, "+44 (0)20 7946 0958", "+44 (0)20 7946 0958");
    none(&["(212)123-45-6789", "(0)4111111111111111", "f(12)345-67-8901"]);
}
