//! Where this service may reach out to: the public internet by https and nothing else.
//!
//! An address somebody else chooses (a key set, a webhook) must not become a way into the network this
//! service stands in. Pure: names are resolved elsewhere, and every address found comes back to
//! [`Target::admits`]. A literal address is judged here already, because a resolver never sees it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Url;

/// A URL that may be fetched once its addresses are admitted as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub url: Url,
    pub host: Host,
    pub port: u16,
    insecure: bool,
}

/// The host of a target: a name still to be resolved, or an address that was judged already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    Name(String),
    Address(IpAddr),
}

impl Target {
    /// Judges a URL. `insecure` additionally permits plain http and loopback, for trying things out.
    pub fn parse(text: &str, insecure: bool) -> Result<Target, &'static str> {
        let url = Url::parse(text).map_err(|_| "is not a URL")?;
        match url.scheme() {
            "https" => {}
            "http" if insecure => {}
            _ => return Err("must begin with https://"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not carry a user name or password");
        }
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err("names no host");
        };
        // The parser has already turned octal, hexadecimal, decimal and shortened spellings into the
        // usual one, so what does not read as an address now is a name.
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let host = match bare.parse() {
            Ok(address) => Host::Address(address),
            Err(_) => Host::Name(host.to_ascii_lowercase()),
        };
        let target = Target { host, port, insecure, url };
        let refused = match &target.host {
            Host::Address(address) => !target.admits(*address),
            Host::Name(name) => !insecure && is_loopback_name(name),
        };
        if refused { Err("points into a network that must not be reached") } else { Ok(target) }
    }

    /// Whether a connection to this address of the host is permitted.
    pub fn admits(&self, address: IpAddr) -> bool {
        allowed(address) || (self.insecure && address.is_loopback())
    }
}

fn is_loopback_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost") || name.ends_with(".localdomain")
}

/// Whether the address belongs to the public internet.
pub fn allowed(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

#[rustfmt::skip]
const CLOSED_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),          // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),         // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),      // shared by carriers; a metadata service lives here too
    (Ipv4Addr::new(127, 0, 0, 0), 8),        // loopback
    (Ipv4Addr::new(168, 63, 129, 16), 32),   // the platform service of a cloud, on a public number
    (Ipv4Addr::new(169, 254, 0, 0), 16),     // link-local, metadata services
    (Ipv4Addr::new(172, 16, 0, 0), 12),      // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),       // protocol assignments, a metadata service
    (Ipv4Addr::new(192, 0, 2, 0), 24),       // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),     // relays into IPv6
    (Ipv4Addr::new(192, 168, 0, 0), 16),     // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),      // measurement
    (Ipv4Addr::new(198, 51, 100, 0), 24),    // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),     // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 3),        // multicast, reserved, broadcast
];

/// Only 2000::/3 is in public use; everything outside (loopback, mapped, translated, unique-local,
/// link-local, multicast) is closed without being listed. These are the closed parts inside.
#[rustfmt::skip]
const CLOSED_V6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),      // protocol assignments, tunnels
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),  // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),      // carries an IPv4 address inside
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),      // documentation
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    let within = |&(net, length): &(Ipv4Addr, u32)| (address.to_bits() ^ net.to_bits()) >> (32 - length) == 0;
    !CLOSED_V4.iter().any(within)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let within = |&(net, length): &(Ipv6Addr, u32)| (address.to_bits() ^ net.to_bits()) >> (128 - length) == 0;
    address.segments()[0] & 0xe000 == 0x2000 && !CLOSED_V6.iter().any(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: &[&str] = &[
        // loopback in every spelling
        "https://127.0.0.1/",
        "https://127.0.0.1./",
        "https://127.1/",
        "https://127.0.1/",
        "https://127.255.255.254/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0X7F.1/",
        "https://017700000001/",
        "https://0177.0.0.1/",
        "https://0x7f.0x0.0x0.0x1/",
        "https://127.0.0.1:8443/",
        "https://%31%32%37.0.0.1/",
        "https://\u{ff11}\u{ff12}\u{ff17}.0.0.1/",
        "https://127\u{3002}0\u{3002}0\u{3002}1/",
        "https:127.0.0.1/",
        "https:\\\\127.0.0.1/",
        "https://localhost/",
        "https://LOCALHOST/",
        "https://localhost./",
        "https://a.localhost/",
        "https://localhost.localdomain/",
        // nowhere
        "https://0.0.0.0/",
        "https://0/",
        "https://0x0/",
        "https://00000.0.0.0/",
        "https://[::]/",
        // private, shared, link-local, metadata
        "https://10.0.0.1/",
        "https://012.1.2.3/",
        "https://167772161/",
        "https://172.16.0.1/",
        "https://172.31.255.255/",
        "https://192.168.0.1/",
        "https://192.168.257/",
        "https://0xc0a80001/",
        "https://100.64.0.1/",
        "https://100.100.100.200/",
        "https://169.254.169.254/",
        "https://169.254.169.254./",
        "https://2852039166/",
        "https://0xa9fea9fe/",
        "https://0251.0376.0251.0376/",
        "https://192.0.0.192/",
        "https://168.63.129.16/",
        // documentation, measurement, multicast, broadcast
        "https://192.0.2.1/",
        "https://198.18.0.1/",
        "https://198.51.100.1/",
        "https://203.0.113.9/",
        "https://224.0.0.1/",
        "https://239.255.255.250/",
        "https://240.0.0.1/",
        "https://255.255.255.255/",
        // IPv6: loopback, mapped, translated, tunnelled, unique-local, link-local, multicast
        "https://[::1]/",
        "https://[0:0:0:0:0:0:0:1]/",
        "https://[::127.0.0.1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::ffff:8.8.8.8]/",
        "https://[::ffff:0:127.0.0.1]/",
        "https://[64:ff9b::127.0.0.1]/",
        "https://[64:ff9b::808:808]/",
        "https://[64:ff9b:1::a00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[2001::1]/",
        "https://[2001:db8::1]/",
        "https://[3fff::1]/",
        "https://[100::1]/",
        "https://[fd00::1]/",
        "https://[fc00::1]/",
        "https://[fd00:ec2::254]/",
        "https://[fe80::1]/",
        "https://[fec0::1]/",
        "https://[ff02::1]/",
        "https://[5f00::1]/",
        // other ways of asking for trouble
        "http://example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "https://ana@example.org/",
        "https://ana:word@example.org/",
        "https://:word@example.org/",
        "https://example.org@127.0.0.1/",
        "https://",
        "https:///",
        "example.org",
        "//example.org/",
        "https://[fe80::1%25eth0]/",
        "https://1.2.3.4.5/",
        "https://256.1.1.1/",
        "https://ex ample.org/",
        "",
    ];

    #[test]
    fn no_spelling_of_a_closed_address_passes() {
        assert!(REFUSED.len() >= 40);
        for text in REFUSED {
            assert!(Target::parse(text, false).is_err(), "{text} passed");
        }
    }

    #[test]
    fn public_names_and_addresses_pass() {
        for text in [
            "https://login.example.org/keys?v=2",
            "https://example.org:8443/",
            "https://8.8.8.8/",
            "https://172.32.0.1/",
            "https://100.128.0.1/",
            "https://[2606:4700::1111]/",
            "https://127.0.0.1.example.org/",
            "https://localhost.example.org/",
        ] {
            assert!(Target::parse(text, false).is_ok(), "{text} was refused");
        }
        let target = Target::parse("https://Login.Example.ORG/keys", false).unwrap();
        assert_eq!((target.host.clone(), target.port), (Host::Name("login.example.org".into()), 443));
        assert!(target.admits(IpAddr::from([8, 8, 8, 8])));
        assert!(!target.admits(IpAddr::from([10, 0, 0, 1])), "what a name resolves to is judged too");
    }

    #[test]
    fn the_insecure_switch_opens_http_and_loopback_and_nothing_more() {
        for text in ["http://127.0.0.1:9/keys", "http://localhost:9/", "http://[::1]:9/", "http://example.org/"] {
            assert!(Target::parse(text, true).is_ok(), "{text} was refused");
        }
        for text in [
            "http://10.0.0.1/",
            "http://169.254.169.254/",
            "http://[::ffff:127.0.0.1]/",
            "ftp://localhost/",
            "http://a:b@localhost/",
        ] {
            assert!(Target::parse(text, true).is_err(), "{text} passed");
        }
    }
}
