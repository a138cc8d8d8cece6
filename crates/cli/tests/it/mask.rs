//! `lacuna mask`, which needs no API.

use super::folder::{Folder, KEY, ended};
use super::golden::check;
use super::machine::{MARKED, Machine};

const LOG: &str =
    "Contact john@example.com or 123-456-7890, card 4111-1111-1111-1111\norder 1234567890 at 1700000000\n";

fn masked(line: &str, text: &str) -> super::machine::Ran {
    Machine { stdin: text.to_owned(), ..Machine::default() }.run(line)
}

#[test]
fn what_is_personal_is_masked_and_the_rest_is_as_it_was() {
    let ran = masked("mask", LOG);
    let expect = "Contact j***@example.com or ***-***-7890, card ****-****-****-1111\norder 1234567890 at 1700000000\n";
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, expect, ""));
    // By a pipe, as the process that it is.
    let ran = Folder::new("mask-pipe").run(None, "mask", LOG.as_bytes()).text();
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, expect, ""));
}

#[test]
fn any_bytes_pass_and_a_last_line_needs_no_end() {
    let folder = Folder::new("mask-bytes");
    let bytes = [b"\xff\x00\xc3 ".as_slice(), b"john@example.com", b"\xf0\x9f"].concat();
    let ran = folder.run(None, "mask --mode stars", &bytes);
    assert_eq!((ran.code, ran.out), (0, b"\xff\x00\xc3 ***\xf0\x9f".to_vec()));
    assert_eq!(folder.run(None, "mask", b"").out, b"");
}

/// What has zeros between its letters would come out as it is.
#[test]
fn utf_16_is_refused() {
    let folder = Folder::with_key("mask-wide");
    folder.write("text.yaml", b"others: text\n");
    for text in ["\u{feff}mail\njohn@example.com\n", "mail\njohn@example.com"] {
        let (little, big) =
            (text.encode_utf16().flat_map(u16::to_le_bytes), text.encode_utf16().flat_map(u16::to_be_bytes));
        for bytes in [little.collect::<Vec<u8>>(), big.collect()] {
            for line in
                ["mask", "mask table --columns text.yaml", "mask table --columns text.yaml --format jsonl"]
            {
                let ran = folder.run(None, line, &bytes).text();
                assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{line}");
                check("mask-wide", &ran);
            }
        }
    }
}

/// A line that is JSON is read as it means, and stays JSON.
#[test]
fn lines_of_json_stay_json() {
    let ran =
        masked("mask", "{\"phone\":2125550123,\"m\":\"a\\t4111111111111111\"}\n[1] phone: 2125550123\n");
    let expect = "{\"phone\":\"******0123\",\"m\":\"a\\t************1111\"}\n[1] phone: ******0123\n";
    assert_eq!((ran.code, ran.out.as_str()), (0, expect));
}

/// `^` and `$` are the ends of a line, and of a string or number where a line is JSON.
#[test]
fn a_rule_for_a_whole_line_finds_whole_strings_too() {
    let folder = Folder::with_key("mask-ends");
    folder.write("rules.yaml", b"custom:\n  - {name: badge, pattern: '^EMP-[0-9]{6}$', mode: redact}\n");
    let text = "EMP-123456\r\n{\"id\":\"EMP-123456\",\"of\":\"an EMP-123456\"}\nan EMP-123456\n";
    let ran = folder.run(None, "mask --rules rules.yaml", text.as_bytes()).text();
    let expect = "[badge]\r\n{\"id\":\"[badge]\",\"of\":\"an EMP-123456\"}\nan EMP-123456\n";
    assert_eq!((ran.code, ran.out.as_str()), (0, expect));
}

#[test]
fn modes_and_rules() {
    let folder = Folder::with_key("mask-rules");
    folder.write(
        "rules.yaml",
        b"default: redact\nkinds: {phone: off}\ncustom:\n  - {name: order, pattern: 'order [0-9]{10}'}\n",
    );
    folder.write("rules.json", br#"{"kinds":{"email":"token_shape","card":"token"}}"#);
    let mask = |line: &str| {
        let ran = folder.run(None, line, LOG.as_bytes()).text();
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out
    };
    assert_eq!(
        mask("mask --rules rules.yaml"),
        "Contact [email] or 123-456-7890, card [card]\n[order] at 1700000000\n"
    );
    assert!(
        mask("mask --rules rules.yaml --mode stars")
            .starts_with("Contact *** or 123-456-7890, card ***\n***")
    );
    let first = mask("mask --rules rules.json --key-file key");
    assert_eq!(first, mask("mask --rules rules.json --key-file key"));
    assert!(
        first.contains("@masked.example or ***-***-7890, card card_") && !first.contains("john"),
        "{first}"
    );
    assert_ne!(first, mask("mask --rules rules.json --key-file key --tenant other"));
    assert!(!first.contains(KEY));
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_written() {
    let folder = Folder::with_key("mask-wrong");
    folder.write("lax", KEY.as_bytes());
    folder.allow("lax", 0o644);
    folder.write("kind.yaml", b"kinds: {names: redact}\n");
    folder.write("hash.yaml", b"kinds: {email: sha256}\n");
    folder.write("pattern.yaml", b"custom:\n  - {name: own, pattern: 'a+'}\n");
    folder.write("form.yaml", b"kind: {email: redact}\n");
    for (name, line) in [
        ("mask-no-key", "mask --mode token"),
        ("mask-hash", "mask --mode sha256"),
        ("mask-hash-rules", "mask --rules hash.yaml"),
        ("mask-kind", "mask --rules kind.yaml"),
        ("mask-pattern", "mask --rules pattern.yaml"),
        ("mask-form", "mask --rules form.yaml"),
        ("mask-missing", "mask --rules none.yaml"),
        ("mask-lax", "mask --mode token --key-file lax"),
        ("mask-key-missing", "mask --mode token --key-file none"),
        ("mask-file-behind-option", "mask --mode redact app.log"),
        ("mask-option-before-table", "mask --mode redact table --columns none.yaml"),
        ("mask-option-misspelt", "mask --key key"),
        ("mask-option-of-table", "mask --columns none.yaml"),
        ("mask-option-of-copy", "mask --from shop.db"),
        ("mask-table-mode", "mask table --columns none.yaml --mode redact"),
        ("mask-rules-of-table", "mask table --columns none.yaml --rules pattern.yaml"),
        ("mask-rules-of-text", "mask table --columns pattern.yaml"),
        ("mask-tenant", "mask --tenant shop"),
    ] {
        let ran = folder.run(None, line, MARKED.as_bytes()).text();
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{line}");
        assert!(!ran.err.contains(MARKED), "{}", ran.err);
        check(name, &ran);
    }
    check("help-mask", &Machine::default().run("mask --help"));
}

#[test]
fn a_terminal_shows_how_far_it_is() {
    let machine =
        Machine { stdin: LOG.repeat(200_000), terminal: true, redirected: true, ..Machine::default() };
    let ran = machine.run("mask");
    assert_eq!(ran.code, 0);
    assert!(ran.err.contains(" MB") && ran.err.ends_with("\r\x1b[K"), "{}", ran.err);
    // On a screen the text itself is what is seen.
    let machine = Machine { stdin: LOG.to_owned(), terminal: true, ..Machine::default() };
    let ran = machine.run("mask");
    assert_eq!((ran.code, ran.err.as_str()), (0, "Text to mask, then Ctrl-D on a line of its own:\n"));
}

/// A gigabyte in constant memory, and of a log that does not end every line is there at once.
#[cfg(target_os = "linux")]
#[test]
fn a_gigabyte_passes_through_in_less_than_64_mib() {
    use std::io::{Read as _, Write as _};

    const PIECES: usize = 1 << 10;
    let folder = Folder::new("mask-memory");
    let mut child = folder.lacuna(None, "mask").spawn().expect("a run");
    let (mut input, mut output) =
        (child.stdin.take().expect("its input"), child.stdout.take().expect("its output"));
    let piece = LOG.repeat((1 << 20) / LOG.len());
    let line = masked("mask", LOG).out;
    let expect = line.repeat((1 << 20) / LOG.len());
    input.write_all(LOG.as_bytes()).expect("a pipe");
    let mut first = vec![0; line.len()];
    output.read_exact(&mut first).expect("a line, while the log goes on");
    assert_eq!(first, line.as_bytes());
    let reading = std::thread::spawn(move || {
        let mut got = vec![0; expect.len()];
        for _ in 0..PIECES {
            output.read_exact(&mut got).expect("a piece");
            assert!(got == expect.as_bytes(), "it was not masked as it is alone");
        }
        output.read(&mut got).expect("the end")
    });
    for _ in 0..PIECES {
        input.write_all(piece.as_bytes()).expect("a pipe");
    }
    let highest = super::folder::resident(&child);
    drop(input);
    assert_eq!(reading.join().expect("what was masked"), 0, "something follows the end");
    assert_eq!(ended(child).code, 0);
    assert!(highest < 64 * 1024, "resident: {highest} KiB");
}

/// The most natural mistake.
#[test]
fn a_file_that_is_named_is_told_to_be_given() {
    check("mask-file-named", &Machine::default().run("mask app.log"));
    check("mask-table-named", &Machine::default().run("mask table --columns a.yaml customers.csv"));
    check("mask-misspelt", &Machine::default().run("mask tabel --columns a.yaml"));
    check("usage-misspelt", &Machine::default().run("reqest submit"));
}
