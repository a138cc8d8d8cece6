use vault::{KeyCache, Limits};

use crate::key;

const LIMITS: Limits = Limits { seconds: 300, uses: 3, bytes: 1_000, keys: 2 };

#[test]
fn a_key_is_kept_for_so_long_so_many_uses_and_so_many_bytes() {
    let cache = KeyCache::new(LIMITS);
    cache.put("a", key(1), 0);
    assert!(cache.get(&"a", 299, 0).is_some());
    assert!(cache.get(&"a", 300, 0).is_none(), "too old");
    assert!(cache.get(&"a", 0, 0).is_none(), "and gone");

    cache.put("a", key(1), 0);
    let uses = (0..5).filter(|_| cache.get(&"a", 1, 0).is_some()).count();
    assert_eq!(uses, 3);

    cache.put("a", key(1), 0);
    assert!(cache.get(&"a", 1, 600).is_some());
    assert!(cache.get(&"a", 1, 600).is_none(), "more bytes than it may seal");

    cache.put("a", key(1), 100);
    assert!(cache.get(&"a", 99, 0).is_none(), "a clock that went back makes no key younger");
}

#[test]
fn the_oldest_makes_room_and_what_is_forgotten_is_gone() {
    let cache = KeyCache::new(LIMITS);
    for (name, at) in [("a", 1), ("b", 2), ("c", 3)] {
        cache.put(name, key(1), at);
    }
    let kept: Vec<_> = ["a", "b", "c"].into_iter().filter(|name| cache.get(name, 4, 0).is_some()).collect();
    assert_eq!(kept, ["b", "c"]);
    cache.forget(&"b");
    assert!(cache.get(&"b", 4, 0).is_none());
    let none = KeyCache::new(Limits { keys: 0, ..LIMITS });
    none.put("a", key(1), 0);
    assert!(none.get(&"a", 0, 0).is_none());
}
