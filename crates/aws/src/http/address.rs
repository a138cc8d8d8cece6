//! Which addresses may be connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is on the public internet, so that a name cannot lead into our own network.
///
/// Everything that the IANA special-purpose registries (RFC 6890 and its updates) do not call
/// globally reachable is refused, and what embeds an IPv4 address too: it would have to be
/// unpacked in exactly the way that the network unpacks it.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// Whether an address is this machine's own.
pub(crate) fn is_loopback(address: IpAddr) -> bool {
    // An IPv4-mapped loopback is not one here: nobody writes it who means well.
    address.is_loopback()
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match a {
        // "This network", private, loopback; multicast, reserved, broadcast.
        0 | 10 | 127 | 224..=255 => true,
        // Shared address space behind carrier-grade NAT, 100.64.0.0/10.
        100 => (64..128).contains(&b),
        // Link-local, and the instance metadata of the clouds.
        169 => b == 254,
        // Private, 172.16.0.0/12.
        172 => (16..32).contains(&b),
        192 => matches!(
            (b, c),
            // Protocol assignments, documentation, 6to4 relays, private.
            (0, 0 | 2) | (88, 99) | (168, _)
        ),
        // Benchmarking 198.18.0.0/15, documentation.
        198 => matches!((b, c), (18 | 19, _) | (51, 100)),
        203 => (b, c) == (0, 113),
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // Only 2000::/3 is given out for global unicast. Outside of it are loopback, unspecified,
    // IPv4-mapped (::ffff:0:0/96), NAT64 (64:ff9b::/96, 64:ff9b:1::/48), unique local (fc00::/7),
    // link-local (fe80::/10), multicast (ff00::/8).
    if a & 0xe000 != 0x2000 {
        return false;
    }
    let special = match a {
        // Protocol assignments 2001::/23, Teredo among them; documentation 2001:db8::/32.
        0x2001 => b < 0x0200 || b == 0x0db8,
        // 6to4 embeds an IPv4 address; 3ffe::/16 was the 6bone's and was given back.
        0x2002 | 0x3ffe => true,
        // Documentation, 3fff::/20 (RFC 9637).
        0x3fff => b < 0x1000,
        _ => false,
    };
    !special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: bool) {
        let address: IpAddr = text.parse().expect("an address");
        assert_eq!(is_public(address), expect, "{text}");
    }

    #[test]
    fn public_ipv4_addresses_pass() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
        ] {
            check(text, true);
        }
    }

    #[test]
    fn special_ipv4_addresses_do_not() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.0",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.0.1",
            "169.254.169.254",
            "169.254.170.2",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.0.171",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
        ] {
            check(text, false);
        }
    }

    #[test]
    fn public_ipv6_addresses_pass() {
        for text in [
            "2606:4700:4700::1111",
            "2001:4860:4860::8888",
            "2001:200::1",
            "2a00:1450:4001::1",
            "2600:1f18::1",
            "3fff:1000::1",
        ] {
            check(text, true);
        }
    }

    #[test]
    fn special_ipv6_addresses_do_not() {
        for text in [
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::ffff:169.254.169.254",
            "::8.8.8.8",
            "64:ff9b::8.8.8.8",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:1ff:ffff::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:808:808::1",
            "3ffe::1",
            "3fff::1",
            "3fff:fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            check(text, false);
        }
    }
}
