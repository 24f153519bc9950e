//! Messages on the socket: the length of each, and its bytes.

use std::io::{self, Read, Write};

use prost::Message;

use super::{News, SupervisorOrder};

/// More than any program's arguments and environment together.
pub(super) const LONGEST: u32 = 64 << 20;

#[derive(Clone, PartialEq, prost::Message)]
struct OrderFrame {
    #[prost(oneof = "SupervisorOrder", tags = "1, 2, 3, 4, 5, 6")]
    order: Option<SupervisorOrder>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct NewsFrame {
    #[prost(oneof = "News", tags = "1, 2, 3, 4, 5")]
    news: Option<News>,
}

/// Gives an order.
pub(in super::super) fn order(socket: &mut impl Write, order: SupervisorOrder) -> io::Result<()> {
    send(socket, &OrderFrame { order: Some(order) })
}

/// Tells something.
pub(in super::super) fn tell(socket: &mut impl Write, news: News) -> io::Result<()> {
    send(socket, &NewsFrame { news: Some(news) })
}

/// The next order; `None` when there is nobody any more who gives any.
pub(in super::super) fn next_order(socket: &mut impl Read) -> io::Result<Option<SupervisorOrder>> {
    receive::<OrderFrame>(socket).and_then(|frame| frame.map(|f| known(f.order)).transpose())
}

/// The next news; `None` when there is nobody any more who tells any.
pub(in super::super) fn next_news(socket: &mut impl Read) -> io::Result<Option<News>> {
    receive::<NewsFrame>(socket).and_then(|frame| frame.map(|f| known(f.news)).transpose())
}

fn known<T>(message: Option<T>) -> io::Result<T> {
    message.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "an unknown message"))
}

fn send(socket: &mut impl Write, message: &impl Message) -> io::Result<()> {
    let body = message.encode_to_vec();
    let length = u32::try_from(body.len()).ok().filter(|length| *length <= LONGEST);
    let length = length.ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("a message of {} bytes is too long", body.len()))
    })?;
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.extend(body);
    socket.write_all(&bytes)
}

fn receive<M: Message + Default>(socket: &mut impl Read) -> io::Result<Option<M>> {
    let mut length = [0; 4];
    let first = loop {
        match socket.read(&mut length) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            read => break read?,
        }
    };
    if first == 0 {
        return Ok(None);
    }
    socket.read_exact(&mut length[first..])?;
    let length = u32::from_le_bytes(length);
    if length > LONGEST {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a message of {length} bytes is too long"),
        ));
    }
    let mut body = vec![0; length as usize];
    socket.read_exact(&mut body)?;
    M::decode(body.as_slice()).map(Some).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
}
