//! The common parts of the network resources. They exist with their ids and do nothing: processes use the machine's network.

use std::net::Ipv4Addr;

use crate::fields::Fields;

/// The reason why properties of network resources have no effect.
pub(crate) const MACHINE: &str = "processes use the machine's own network";
/// The advice to those who ask for addresses from a pool.
pub(crate) const NO_IPAM: &str = "there is no IP address manager; write the block into CidrBlock";

/// An IPv4 block such as `10.0.0.0/24`, with `min` to `max` bits of prefix.
pub(crate) fn cidr(fields: &Fields<'_>, name: &str, min: u8, max: u8) -> Option<String> {
    let text = fields.text(name)?;
    let block = text.split_once('/').and_then(|(address, bits)| {
        let address: Ipv4Addr = address.parse().ok()?;
        let bits: u8 = bits.parse().ok().filter(|bits| (min..=max).contains(bits))?;
        // no bit of the address is beyond the prefix
        (u32::from(address).checked_shl(bits.into()).unwrap_or(0) == 0).then_some(())
    });
    if block.is_none() {
        let rule = format!("it must be the start of an IPv4 block and {min} to {max} bits, such as 10.0.0.0/24");
        fields.not_allowed(name, &text, &rule);
        return None;
    }
    Some(text)
}
