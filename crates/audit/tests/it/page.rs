//! The page that verifies in a browser asks nobody: whoever checks a proof tells no server which.

const PAGE: &str = include_str!("../../verify.html");

/// All that the browser lets it do: its own script and its own style. `connect-src`, `img-src` and whatever else is not
/// named fall back to `default-src` (CSP 3, section 6.8.3).
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// What leads elsewhere. A policy does not keep a page from going there itself.
const LEADS: [&str; 14] = [
    "src=",
    "href",
    "action=",
    "url(",
    "@import",
    "import(",
    "http:",
    "https:",
    "http-equiv=\"refresh\"",
    "location",
    "window.open",
    "fetch(",
    "sendBeacon",
    "<link",
];

fn wrong(page: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let policy = format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">");
    // It counts for what comes after it.
    let first = ["<style", "<script", "<body"].iter().filter_map(|tag| page.find(tag)).min();
    if page.find(&policy) >= first || !page.contains(&policy) {
        wrong.push("its policy is another one, or comes late".to_owned());
    }
    wrong.extend(LEADS.iter().filter(|lead| page.contains(**lead)).map(|lead| (*lead).to_owned()));
    wrong
}

#[test]
fn the_page_is_offline_and_its_policy_says_so() {
    assert_eq!(wrong(PAGE), Vec::<String>::new());
    let meta = PAGE.lines().find(|line| line.contains("Content-Security-Policy")).expect("its policy");
    for (from, to) in [
        ("default-src 'none'", "default-src 'self'"),
        ("default-src 'none';", "default-src 'none'; connect-src *;"),
        ("form-action 'none'", "form-action *"),
        (meta, ""),
        (meta, &format!("<script>1</script>\n{meta}")),
        ("<body>", "<body><img src=/i.png>"),
        ("<body>", "<body><a href=\"https://example.com/\">"),
        ("<style>", "<style>body { background: url(/i.png) }"),
    ] {
        assert!(PAGE.contains(from), "{from}");
        assert_ne!(wrong(&PAGE.replacen(from, to, 1)), Vec::<String>::new(), "`{to}` is not noticed");
    }
}
