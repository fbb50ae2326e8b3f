//! The addresses that may be connected to.
//!
//! A customer's input may name a host (`https://${parameters.domain}`). So the check covers the address that is
//! connected to, not the name. A name that resolves to a private address, or that changes between check and use, gets
//! nowhere.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower::Service;

/// The addresses that a client may connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The public internet only.
    Public,
    /// The public internet and this machine: the local run's demo provider.
    PublicAndLoopback,
    /// Anything: the endpoint comes from the operator (AWS, also over private links).
    Anywhere,
}

impl Reach {
    /// True if `address` may be connected to.
    #[must_use]
    pub fn allows(self, address: IpAddr) -> bool {
        match self {
            Self::Anywhere => true,
            Self::PublicAndLoopback => address.is_loopback() || is_public(address),
            Self::Public => is_public(address),
        }
    }
}

/// True if `address` is a unicast address of the public internet (IANA's special-purpose registries, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0 // "this network", RFC 791
        || address.is_private()
        || (a == 100 && (64..128).contains(&b)) // shared address space, RFC 6598
        || address.is_loopback()
        || address.is_link_local() // also the metadata service 169.254.169.254
        || (a == 192 && b == 0 && c == 0) // protocol assignments, RFC 6890
        || address.is_documentation()
        || (a == 192 && b == 88 && c == 99) // 6to4 relays, RFC 7526
        || (a == 198 && (b == 18 || b == 19)) // benchmarking, RFC 2544
        || address.is_multicast()
        || a >= 240) // reserved and broadcast
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Only 2000::/3 is global unicast. An address that embeds an IPv4 address is judged by that one.
    if let Some(v4) = embedded_v4(segments) {
        return is_public_v4(v4);
    }
    segments[0] & 0xe000 == 0x2000
        && !(segments[0] == 0x2001 && segments[1] < 0x0200) // protocol assignments, RFC 2928 (Teredo, ORCHID, …)
        && !(segments[0] == 0x2001 && segments[1] == 0x0db8) // documentation, RFC 3849
        && !(segments[0] == 0x3fff && segments[1] < 0x1000) // documentation, RFC 9637
}

/// The IPv4 address inside a mapped (RFC 4291), translated (RFC 6052) or 6to4 (RFC 3056) address.
fn embedded_v4(segments: [u16; 8]) -> Option<Ipv4Addr> {
    let join = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match segments {
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0x0064, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => Some(join(high, low)),
        _ => None,
    }
}

/// The host's name server, without the addresses that [`Reach`] does not allow.
#[derive(Clone)]
pub struct Resolver {
    names: GaiResolver,
    reach: Reach,
}

impl Resolver {
    pub(super) fn new(reach: Reach) -> Self {
        Self { names: GaiResolver::new(), reach }
    }
}

/// The error of a name that resolves, but to no address that may be connected to.
#[derive(Debug, thiserror::Error)]
#[error("the host's address is not on the public internet")]
pub(crate) struct NotPublic;

/// The error of a name for which the name server knows no address.
#[derive(Debug, thiserror::Error)]
#[error("the host is unknown")]
pub(crate) struct UnknownHost(#[source] std::io::Error);

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.names.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolution = self.names.call(name);
        let reach = self.reach;
        Box::pin(async move {
            let allowed: Vec<SocketAddr> =
                resolution.await.map_err(UnknownHost)?.filter(|address| reach.allows(address.ip())).collect();
            if allowed.is_empty() { Err(NotPublic.into()) } else { Ok(allowed.into_iter()) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_reached() {
        let refused = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.170",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "3fff::1",
            "100::1",
        ];
        for text in refused {
            let address: IpAddr = text.parse().unwrap();
            assert!(!Reach::Public.allows(address), "{text} must be refused");
        }
        for text in
            ["1.1.1.1", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8"]
        {
            let address: IpAddr = text.parse().unwrap();
            assert!(Reach::Public.allows(address), "{text} must be allowed");
        }
    }

    #[test]
    fn the_local_run_reaches_this_machine_and_nothing_else_private() {
        let reach = Reach::PublicAndLoopback;
        assert!(reach.allows("127.0.0.1".parse().unwrap()));
        assert!(reach.allows("::1".parse().unwrap()));
        assert!(!reach.allows("169.254.169.254".parse().unwrap()));
        assert!(!reach.allows("10.0.0.1".parse().unwrap()));
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_a_private_address_is_refused() {
        let mut resolver = Resolver::new(Reach::Public);
        let error = resolver.call("localhost".parse().unwrap()).await.unwrap_err();
        assert!(error.is::<NotPublic>(), "{error}");
    }
}
