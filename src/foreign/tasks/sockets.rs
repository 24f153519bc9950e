//! What cannot be dumped of sockets.

use std::collections::{BTreeMap, HashSet};
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, setsockopt, socket, sockopt,
};

use super::super::Network;
use super::hindrance::{Hindrances, Obstacle, Scene, Tool};
use super::proc;

pub(super) fn look(scene: &Scene<'_>, found: &mut Hindrances) {
    let mut unix = BTreeMap::new();
    for (task, open) in scene.opened() {
        let Some(inode) = open.inode("socket") else { continue };
        let mut name = [0; 32];
        let read = rustix::fs::getxattr(open.door(task.number), "system.sockprotoname", &mut name[..]);
        let name = String::from_utf8_lossy(&name[..read.unwrap_or(0)]).trim_end_matches('\0').to_owned();
        match name.as_str() {
            "" | "UDP" | "UDPv6" | "UDP-Lite" | "UDPLITEv6" | "NETLINK" => {}
            "TCP" | "TCPv6" => tcp(scene, task.number, inode, found),
            _ if name.starts_with("UNIX") => {
                unix.entry(inode as u32).or_insert(task.number);
            }
            _ => {
                let what = format!("it has a socket of the kind {name}, which is not known to be dumpable");
                let cure = "switch off what opens it: a fast network's library, for example, where one process is enough";
                found.perhaps(task.number, Obstacle::OtherSocket, what, cure);
            }
        }
    }
    if !unix.is_empty() {
        unix_sockets(scene, &unix, found);
    }
}

/// A TCP socket as `/proc/NUMBER/net/tcp` tells.
#[derive(Debug, PartialEq, Eq)]
struct Tcp {
    listens: bool,
    port: u16,
    peer: (String, u16),
    peer_is_here: bool,
}

fn tcp(scene: &Scene<'_>, task: u32, inode: u64, found: &mut Hindrances) {
    let mut tables = ["net/tcp", "net/tcp6"].into_iter().filter_map(|table| proc::text(task, table).ok());
    // One that is neither connected nor bound is in no table.
    let Some(tcp) = tables.find_map(|table| tcp_of(&table, inode)) else { return };
    let inside = scene.look.network == Network::Private;
    if tcp.listens {
        if !inside && scene.look.tool == Tool::Criu {
            let what = format!(
                "it waits for TCP connections on port {}, which may be taken where it goes on",
                tcp.port
            );
            found.perhaps(task, Obstacle::Tcp, what, PRIVATE);
        }
    } else if !tcp.peer_is_here {
        let (peer, port) = tcp.peer;
        let what =
            format!("it is connected to {peer} (TCP, port {port}), which cannot follow it to another node");
        let cure = "fetch what it needs before the program starts, and write results to files";
        found.certain(task, Obstacle::Tcp, what, cure);
    } else if !inside && scene.look.tool == Tool::Criu {
        let what = format!(
            "it has a TCP connection within this node (port {}), which cannot be dumped in the node's network",
            tcp.peer.1
        );
        found.certain(task, Obstacle::Tcp, what, PRIVATE);
    }
}

const PRIVATE: &str =
    "give the program a network of its own (`network: Private`), where nothing leads outside";

fn tcp_of(table: &str, inode: u64) -> Option<Tcp> {
    let fields = |line: &str| line.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let line = table
        .lines()
        .skip(1)
        .map(fields)
        .find(|fields| fields.get(9).is_some_and(|n| n.parse() == Ok(inode)))?;
    let (own, peer) = (address(&line[1])?, address(&line[2])?);
    Some(Tcp {
        listens: line[3] == "0A",
        port: own.1,
        peer_is_here: peer.0.is_loopback() || peer.0 == own.0,
        peer: (peer.0.to_string(), peer.1),
    })
}

/// An address in the digits of `/proc/net/tcp`: 32-bit words in this machine's order of bytes.
fn address(digits: &str) -> Option<(std::net::IpAddr, u16)> {
    let (address, port) = digits.split_once(':')?;
    let mut bytes = Vec::new();
    for at in (0..address.len()).step_by(8) {
        bytes.extend(u32::from_str_radix(address.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    }
    let address = match bytes.len() {
        4 => std::net::IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?),
        _ => std::net::IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?).to_canonical(),
    };
    Some((address, u16::from_str_radix(port, 16).ok()?))
}

fn unix_sockets(scene: &Scene<'_>, own: &BTreeMap<u32, u32>, found: &mut Hindrances) {
    let Some(all) = diagnosis() else {
        let task = own.values().next().copied().unwrap_or(0);
        let what = "it has a Unix socket, and this node's kernel has no list of them (the module unix_diag)";
        let cure = "ask the site to load it (modprobe unix_diag), or use another node";
        found.certain(task, Obstacle::Diagnosis, what, cure);
        return;
    };
    // Also where the program has a network of its own: what a socket of this network is connected to is told for any network.
    let mut leads: BTreeMap<u32, (u32, String)> = BTreeMap::new();
    for socket in all.iter().filter(|socket| socket.peer != 0) {
        match (own.contains_key(&socket.inode), own.contains_key(&socket.peer)) {
            (true, false) => {
                leads.entry(socket.inode).or_insert((socket.peer, String::new())).0 = socket.peer;
            }
            (false, true) => {
                leads.insert(socket.peer, (socket.inode, socket.name.clone()));
            }
            _ => {}
        }
    }
    let spoken = |inode: u32| PathBuf::from(format!("socket:[{inode}]"));
    let holders = scene.outside(&leads.values().map(|(other, _)| spoken(*other)).collect::<HashSet<_>>());
    for (inode, (other, name)) in leads {
        let holder =
            holders.get(&spoken(other)).map(|(number, holder)| format!("{holder} (process {number})"));
        let whom = match (holder, name.is_empty()) {
            (Some(holder), true) => holder,
            (Some(holder), false) => format!("{holder} by {name}"),
            (None, true) => "another program".into(),
            (None, false) => format!("a service by {name}"),
        };
        let what = format!("it is connected to {whom} (a Unix socket), which is no part of it");
        let cure = "switch off what asks the service (names of users by sssd or nscd, a desktop's bus, an agent of keys)";
        found.certain(own[&inode], Obstacle::Socket, what, cure);
    }
}

/// A Unix socket.
struct Unix {
    inode: u32,
    /// What it is connected to; 0 without.
    peer: u32,
    name: String,
}

/// The kernel's Unix sockets with what they are connected to; `None` where the kernel does not tell.
fn diagnosis() -> Option<Vec<Unix>> {
    let flags = SockFlag::SOCK_CLOEXEC;
    let kernel =
        socket(AddressFamily::Netlink, SockType::Datagram, flags, SockProtocol::NetlinkSockDiag).ok()?;
    let patience = nix::sys::time::TimeVal::new(2, 0);
    setsockopt(&kernel, sockopt::ReceiveTimeout, &patience).ok()?;
    send(kernel.as_raw_fd(), &request(), MsgFlags::empty()).ok()?;
    let mut all = Vec::new();
    let mut answer = vec![0; 1 << 16];
    loop {
        let length = recv(kernel.as_raw_fd(), &mut answer, MsgFlags::empty()).ok()?;
        let mut rest = &answer[..length];
        while rest.len() >= HEAD {
            let size = (word(rest, 0)? as usize).clamp(HEAD, rest.len());
            match u16::from_ne_bytes([rest[4], rest[5]]) {
                DONE => return Some(all),
                FAILED => return None,
                _ => all.extend(unix_of(&rest[HEAD..size])),
            }
            rest = &rest[size.next_multiple_of(4).min(rest.len())..];
        }
    }
}

/// The bytes of a netlink message's head.
const HEAD: usize = 16;
const FAILED: u16 = 2;
const DONE: u16 = 3;

/// `struct nlmsghdr` and `struct unix_diag_req`: all Unix sockets in all states, with their names and peers.
fn request() -> Vec<u8> {
    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    const REQUEST_OF_ALL: u16 = 0x301;
    const NAME_AND_PEER: u32 = 5;
    let mut bytes = Vec::new();
    bytes.extend(40_u32.to_ne_bytes());
    bytes.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    bytes.extend(REQUEST_OF_ALL.to_ne_bytes());
    bytes.extend([0; 8]);
    bytes.extend([AddressFamily::Unix as u8, 0, 0, 0]);
    for word in [u32::MAX, 0, NAME_AND_PEER, 0, 0] {
        bytes.extend(word.to_ne_bytes());
    }
    bytes
}

/// `struct unix_diag_msg` and its attributes.
fn unix_of(message: &[u8]) -> Option<Unix> {
    const NAME: u16 = 0;
    const PEER: u16 = 2;
    let mut socket = Unix { inode: word(message, 4)?, peer: 0, name: String::new() };
    let mut rest = message.get(16..)?;
    while rest.len() >= 4 {
        let size = usize::from(u16::from_ne_bytes([rest[0], rest[1]])).clamp(4, rest.len());
        match u16::from_ne_bytes([rest[2], rest[3]]) {
            NAME => {
                let name = String::from_utf8_lossy(&rest[4..size]).trim_end_matches('\0').replace('\0', "@");
                socket.name = crate::quantity::clean(&name);
            }
            PEER => socket.peer = word(rest, 4).unwrap_or(0),
            _ => {}
        }
        rest = &rest[size.next_multiple_of(4).min(rest.len())..];
    }
    Some(socket)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_from_their_digits() {
        let line = |own: &str, peer: &str, state: &str| {
            format!("head\n 0: {own} {peer} {state} 0:0 0:0 0 0 0 4711 1\n")
        };
        let own = if cfg!(target_endian = "little") { "0100007F:1F90" } else { "7F000001:1F90" };
        let listening = tcp_of(&line(own, "00000000:0000", "0A"), 4711).unwrap();
        assert!(listening.listens && listening.port == 8080);
        let inside = tcp_of(&line(own, own, "01"), 4711).unwrap();
        assert!(inside.peer_is_here && !inside.listens);
        let away = tcp_of(&line(own, "08080808:01BB", "01"), 4711).unwrap();
        assert!(!away.peer_is_here);
        assert_eq!(away.peer, ("8.8.8.8".into(), 443));
        let mapped = format!(
            "0000000000000000{}{}",
            if cfg!(target_endian = "little") { "FFFF0000" } else { "0000FFFF" },
            &own[..8]
        );
        assert!(
            tcp_of(&line(&format!("{mapped}:0001"), &format!("{mapped}:0002"), "01"), 4711)
                .unwrap()
                .peer_is_here
        );
        assert_eq!(tcp_of(&line(own, own, "01"), 1), None);
    }
}
