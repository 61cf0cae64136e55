//! The check of the process at the other end of a connection.
//!
//! The Runtime API hands out events with personal data and takes answers for them, so only the process that was started
//! may speak there. The address in `AWS_LAMBDA_RUNTIME_API` cannot carry a secret: most runtimes take it apart into host
//! and port. But the operating system knows which process holds the other end of a connection on this machine. That is
//! asked once for each connection, of which a runtime has one for its whole life.

use std::net::SocketAddr;
use std::sync::Once;

use holder::Holder;

#[cfg(target_os = "linux")]
use linux::holder_of;
#[cfg(not(target_os = "linux"))]
use lsof::holder_of;

mod holder {
    /// The holder of a connection.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) enum Holder {
        /// The process group that was asked for, or something that it started.
        Own,
        Foreign,
        /// This system does not tell.
        Unknown,
    }
}

/// Returns true if the end `peer` of a connection to `local` is held by the process group `group` or by what it started. Where
/// the system does not tell, it is believed, and that is logged once.
pub(crate) async fn is_held_by(group: u32, peer: SocketAddr, local: SocketAddr) -> bool {
    // it reads the process table
    let holder = tokio::task::spawn_blocking(move || holder_of(group, peer, local)).await;
    match holder.unwrap_or(Holder::Unknown) {
        Holder::Own => true,
        Holder::Foreign => false,
        Holder::Unknown => {
            static TOLD: Once = Once::new();
            TOLD.call_once(|| {
                tracing::warn!(
                    "this system does not tell which process a connection belongs to: any program of this machine could \
                     speak to the Runtime API in the place of a function"
                );
            });
            true
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashMap;
    use std::fmt::Write as _;
    use std::net::{IpAddr, SocketAddr};
    use std::path::Path;

    use super::holder::Holder;

    pub(super) fn holder_of(group: u32, peer: SocketAddr, local: SocketAddr) -> Holder {
        let inode = match inode(peer, local) {
            Ok(Some(inode)) => inode,
            // nobody holds it any more
            Ok(None) => return Holder::Foreign,
            Err(_) => return Holder::Unknown,
        };
        let link = format!("socket:[{inode}]");
        match holds(group, &link) {
            Some(true) => Holder::Own,
            None => Holder::Unknown,
            // a runtime that is a script lets another program speak
            Some(false) if started_by(group).into_iter().any(|pid| holds(pid, &link) == Some(true)) => Holder::Own,
            Some(false) => Holder::Foreign,
        }
    }

    /// The number of the socket at the far end. A socket of IPv6 can hold a connection of IPv4 too.
    fn inode(peer: SocketAddr, local: SocketAddr) -> std::io::Result<Option<u64>> {
        let table = std::fs::read_to_string("/proc/net/tcp")?;
        if let Some(inode) = find(&table, &pair(peer, local, false)) {
            return Ok(Some(inode));
        }
        let table = std::fs::read_to_string("/proc/net/tcp6").unwrap_or_default();
        Ok(find(&table, &pair(peer, local, true)))
    }

    /// The inode of the line that holds this pair of addresses: the tenth column.
    fn find(table: &str, pair: &str) -> Option<u64> {
        let line = table.lines().find(|line| line.contains(pair))?;
        line.split_whitespace().nth(9)?.parse().ok()
    }

    /// Both addresses as the kernel writes them: words of 32 bits in the machine's byte order.
    fn pair(peer: SocketAddr, local: SocketAddr, mapped: bool) -> String {
        let mut text = String::from(" ");
        for address in [peer, local] {
            let octets = match address.ip() {
                IpAddr::V4(ip) if mapped => ip.to_ipv6_mapped().octets().to_vec(),
                IpAddr::V4(ip) => ip.octets().to_vec(),
                IpAddr::V6(ip) => ip.octets().to_vec(),
            };
            for word in octets.as_chunks::<4>().0 {
                let _ = write!(text, "{:08X}", u32::from_ne_bytes(*word));
            }
            let _ = write!(text, ":{:04X} ", address.port());
        }
        text
    }

    /// Returns true if a process has this open; `None` if it may not be looked at.
    fn holds(pid: u32, link: &str) -> Option<bool> {
        let open = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
        let targets = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        Some(targets.into_iter().any(|target| target == Path::new(link)))
    }

    /// The processes of a group, and those that descend from its first one.
    fn started_by(group: u32) -> Vec<u32> {
        let processes = crate::family::processes();
        let parents: HashMap<u32, u32> = processes.iter().map(|process| (process.pid, process.parent)).collect();
        let descends = |pid: u32| {
            std::iter::successors(Some(pid), |pid| parents.get(pid).copied())
                // a table that is read while it changes may hold a ring
                .take(64)
                .any(|pid| pid == group)
        };
        let own = processes
            .iter()
            .filter(|process| process.group == group || descends(process.pid));
        own.map(|process| process.pid).collect()
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};

        #[test]
        fn a_line_is_found_by_both_ends() {
            let table = "  sl  local_address rem_address\n   0: 0100007F:1F90 0100007F:C001 01 00000000:00000000 \
                         00:00000000 00000000  1000        0 777 1 0 20 4 30 10 -1\n   1: 0100007F:C001 0100007F:1F90 \
                         01 00000000:00000000 00:00000000 00000000  1000        0 778 1 0 20 4 30 10 -1\n";
            let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            assert_eq!(find(table, &pair(at(0xC001), at(0x1F90), false)), Some(778));
            assert_eq!(find(table, &pair(at(0x1F90), at(0xC001), false)), Some(777));
            assert_eq!(find(table, &pair(at(0xC002), at(0x1F90), false)), None);
            let mapped = pair(at(0xC001), at(0x1F90), true);
            assert_eq!(
                mapped,
                " 0000000000000000FFFF00000100007F:C001 0000000000000000FFFF00000100007F:1F90 "
            );
        }

        #[test]
        fn a_connection_belongs_to_whoever_holds_it() {
            let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).expect("a listener");
            let port = listener.local_addr().expect("an address").port();
            let own = std::process::id();
            let mut stranger = std::process::Command::new("sleep").arg("60").spawn().expect("sleep");
            let _held = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("connects");
            let (accepted, peer) = listener.accept().expect("accepts");
            let local = accepted.local_addr().expect("an address");
            let unmapped = |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
            let (peer, local) = (unmapped(peer), unmapped(local));
            assert_eq!(holder_of(own, peer, local), Holder::Own);
            assert_eq!(holder_of(stranger.id(), peer, local), Holder::Foreign);
            let _ = stranger.kill();
            let _ = stranger.wait();
        }
    }
}

#[cfg(any(not(target_os = "linux"), test))]
mod lsof {
    use std::net::SocketAddr;
    use std::process::{Command, Stdio};

    use super::holder::Holder;

    #[cfg_attr(
        target_os = "linux",
        allow(dead_code, reason = "the other systems' way; its reading is tested here")
    )]
    pub(super) fn holder_of(group: u32, peer: SocketAddr, local: SocketAddr) -> Holder {
        let listed = Command::new("lsof")
            .args(["-nP", "-a", "-iTCP", "-Fn", "-g", &group.to_string()])
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output();
        match listed {
            Ok(listed) => read(&String::from_utf8_lossy(&listed.stdout), peer, local),
            Err(_) => Holder::Unknown,
        }
    }

    /// Looks for `nPEER->LOCAL` among the lines.
    pub(super) fn read(listed: &str, peer: SocketAddr, local: SocketAddr) -> Holder {
        let wanted = format!("n{peer}->{local}");
        if listed.lines().any(|line| line == wanted) {
            Holder::Own
        } else {
            Holder::Foreign
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_connection_is_found_among_the_lines() {
            let listed = "p4711\nf3\nn127.0.0.1:50001->127.0.0.1:9001\nf4\nn127.0.0.1:50002->127.0.0.1:4566\n";
            let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
            assert_eq!(read(listed, at(50001), at(9001)), Holder::Own);
            assert_eq!(read(listed, at(50002), at(9001)), Holder::Foreign);
            assert_eq!(read("", at(50001), at(9001)), Holder::Foreign);
        }
    }
}
