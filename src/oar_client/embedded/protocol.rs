//! What clients and the server say to each other: one JSON line each way, a connection per call.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::oar_client::{BatchError, ClusterInfo, Job, JobId, Node, Submission, Token};

/// The version both sides must have.
pub(super) const VERSION: u32 = 1;
/// Longer lines are refused.
const MAX_LINE: u64 = 32 << 20;

/// A call with the version of who calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) version: u32,
    pub(super) call: Call,
}

/// What a client may ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Call {
    Info,
    Submit(Submission),
    Find(Vec<Token>),
    Delete(JobId),
    Checkpoint(JobId),
    Hold(JobId),
    Resume(JobId),
    Nodes,
    SetPower { node: String, on: bool },
    Shutdown { kill_jobs: bool },
}

/// The server's answer.
pub(super) type Response = Result<Answer, BatchError>;

/// What a call gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Answer {
    Info(ClusterInfo),
    Submitted(JobId),
    Jobs(Vec<Job>),
    Nodes(Vec<Node>),
    Done,
}

/// Writes one message.
pub(super) fn send<T: Serialize>(stream: &mut UnixStream, message: &T) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    stream.write_all(&line)
}

/// Reads one message.
pub(super) fn receive<T: DeserializeOwned>(stream: &UnixStream) -> std::io::Result<T> {
    let mut line = Vec::new();
    BufReader::new(stream.take(MAX_LINE)).read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_slice(&line)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_arrives_as_it_was_sent() {
        let (mut a, b) = UnixStream::pair().unwrap();
        let request =
            Request { version: VERSION, call: Call::SetPower { node: "n\n1".to_owned(), on: true } };
        send(&mut a, &request).unwrap();
        assert_eq!(receive::<Request>(&b).unwrap(), request);
    }

    #[test]
    fn a_cut_or_strange_message_is_an_error() {
        for text in ["{\"version\":1,", "{\"version\":1}\n", "\n", "\u{0}\n"] {
            let (mut a, b) = UnixStream::pair().unwrap();
            a.write_all(text.as_bytes()).unwrap();
            drop(a);
            assert!(receive::<Request>(&b).is_err(), "{text:?}");
        }
    }
}
