//! The page: readable, and nothing in it runs or is fetched.

use domain::export::{Datum, Format};
use export::{Limits, Outcome, Packager};

use crate::support::{about, collection, columns, content, fields, finish, sample, stores, unzip};

fn page(packager: Packager) -> String {
    let (bytes, _) = finish(packager);
    String::from_utf8(unzip(&bytes).remove("index.html").expect("a page")).expect("text")
}

#[test]
fn nothing_in_it_runs_or_is_fetched() {
    let page = page(sample(Format::Json, None));
    assert!(page.contains("default-src 'none'") && page.contains("style-src 'sha256-"));
    assert!(!page.contains("<script") && !page.contains(" style=") && !page.contains(" onload="));
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("url("));
    assert!(page.contains("=1+1 &lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains("Kaufladen &lt;GmbH&gt;") && !page.contains("<GmbH>"));
}

#[test]
fn it_says_what_a_person_has_a_right_to_know() {
    let page = page(sample(Format::Json, None));
    for said in [
        "To deliver what you ordered",
        "It must be kept for 10 years. Invoices are kept.",
        "AO §147",
        "Looked after by Checkout",
        "<strong>warehouse</strong> is a copy of <strong>shop</strong>",
        "nothing about you was found: carts",
        "1 value was about somebody else",
        "complain to a data protection authority",
        "<a href=\"shop/orders.jsonl\">",
        "<img src=\"support/tickets/C001/ph%C3%B6to.png\"",
        "not here",
        "1 March 2026, 09:00 UTC",
        "can tell whether a file that is listed was changed",
    ] {
        assert!(page.contains(said), "{said} is not in the page");
    }
}

/// Fields have the words of the catalog, and their own names as they are in the files.
#[test]
fn columns_are_named_in_words_and_stand_over_their_numbers() {
    let stores = stores();
    let orders = collection(&stores[0], "orders");
    let (named, field) = orders.fields.iter().next().expect("a field");
    let mut packager = Packager::begin(about(Format::Json), Limits::default(), None).expect("it begins");
    let row = |n: &str| {
        fields(&[
            (named, Datum::text("a")),
            ("total", Datum::number(n)),
            ("mixed", if n == "1" { Datum::number(n) } else { Datum::text("none") }),
            ("never", Datum::Null),
        ])
    };
    packager.open(&stores[0], &orders, &columns(&row("1"))).expect("it opens");
    for n in ["1", "2"] {
        packager.record(&row(n), 0).expect("it is written");
    }
    packager.close().expect("it closes");
    let page = page(packager);
    let words = field.category.trim_start_matches("user.").replace('.', " · ").replace('_', " ");
    assert!(page.contains(&format!("<th scope=\"col\">{words} <small>{named}</small></th>")), "{words}");
    assert!(page.contains("<th scope=\"col\" class=\"number\">total</th>"));
    assert!(page.contains("<th scope=\"col\">mixed</th>") && page.contains("<th scope=\"col\">never</th>"));
}

#[test]
fn it_says_what_is_not_in_the_package() {
    let stores = stores();
    let mut packager = Packager::begin(about(Format::Json), Limits::default(), None).expect("it begins");
    packager.searched(
        &stores[0],
        Outcome { gone: 2, reassigned: 1, unreadable: 1, archived: 2, ..Outcome::default() },
    );
    let page = page(packager);
    assert!(page.contains("2 records in shop were found, and nothing was left to read"));
    assert!(page.contains("1 record in shop had become somebody else"));
    assert!(page.contains("1 record in shop is shown without its document, because other people"));
    assert!(page.contains("2 records in shop are shown without their documents, which are in an archive"));
}

#[test]
fn it_shows_the_first_records_only() {
    let stores = stores();
    let orders = collection(&stores[0], "orders");
    let mut packager = Packager::begin(about(Format::Json), Limits::default(), None).expect("it begins");
    let row =
        |n: u32| fields(&[("id", Datum::number(n.to_string())), ("text", Datum::text("x".repeat(100_000)))]);
    packager.open(&stores[0], &orders, &columns(&row(0))).expect("it opens");
    for n in 0..300 {
        packager.record(&row(n), 0).expect("it is written");
    }
    packager.close().expect("it closes");
    let page = page(packager);
    assert!(page.contains("The first 25 of 300 records"));
    assert!(page.len() < 60_000, "{}", page.len());
}

#[test]
fn a_large_image_is_linked_and_not_shown() {
    let stores = stores();
    let mut packager = Packager::begin(about(Format::Json), Limits::default(), None).expect("it begins");
    packager.open(&stores[1], &collection(&stores[1], "tickets"), &[]).expect("it opens");
    let image = content("a b.png", None, true, 300_000);
    packager.content(&image).expect("it begins");
    packager.content_end(0).expect("it ends");
    let row = domain::export::Row { content: Some(image), ..fields(&[]) };
    packager.record(&row, 0).expect("it is written");
    packager.close().expect("it closes");
    let page = page(packager);
    assert!(page.contains("<a href=\"support/tickets/a%20b.png\">a b.png</a>") && !page.contains("<img"));
}
