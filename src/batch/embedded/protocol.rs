//! What clients and the server say to each other: one JSON line each way, a connection per call.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::setting::Setting;
use super::told::{ToldJob, ToldNode};

use crate::batch::{BatchError, ClusterInfo, JobId, Submission, Token};

/// The newest version of the calls that is known. It is raised with each call that is added: a server takes older calls and
/// refuses newer ones in words.
pub(super) const VERSION: u32 = 1;
/// Longer lines are refused.
const MAX_LINE: u64 = 32 << 20;

/// A call with the version in which it came to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) version: u32,
    pub(super) call: Call,
    /// Of the client that submits a job; older servers do not look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) setting: Option<Box<Setting>>,
}

/// A call as it arrives: its version is read before the call itself, which may be one of a later version.
#[derive(Debug, Deserialize)]
pub(super) struct Arrived {
    version: u32,
    call: serde_json::Value,
    #[serde(default)]
    setting: Option<Box<Setting>>,
}

impl Arrived {
    /// The call, and of whom it is.
    ///
    /// # Errors
    /// In words, when it is one of a later version, or none at all.
    pub(super) fn call(self) -> Result<(Call, Option<Box<Setting>>), String> {
        let own = env!("CARGO_PKG_VERSION");
        if self.version > VERSION {
            return Err(format!(
                "the cluster's server is alpsckpt {own} and knows calls up to version {VERSION}, the client's is of \
                 version {}: end the server with `alpsckpt cluster stop`; the next command starts a newer one, jobs go on",
                self.version
            ));
        }
        serde_json::from_value(self.call)
            .map(|call| (call, self.setting))
            .map_err(|e| format!("the cluster's server is alpsckpt {own} and does not know this call: {e}"))
    }
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

impl Call {
    /// The version in which it came to be: a newer client can still say to an older server what that understands, such as to
    /// end.
    pub(super) fn version(&self) -> u32 {
        match self {
            Self::Info
            | Self::Submit(_)
            | Self::Find(_)
            | Self::Delete(_)
            | Self::Checkpoint(_)
            | Self::Hold(_)
            | Self::Resume(_)
            | Self::Nodes
            | Self::SetPower { .. }
            | Self::Shutdown { .. } => 1,
        }
    }
}

/// The server's answer.
pub(super) type Response = Result<Reply, BatchError>;

/// What a call gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Reply {
    Info(ClusterInfo),
    Submitted(JobId),
    Jobs(Vec<ToldJob>),
    Nodes(Vec<ToldNode>),
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
        let request = Request {
            version: VERSION,
            call: Call::SetPower { node: "n\n1".to_owned(), on: true },
            setting: Some(Box::new(Setting::own())),
        };
        send(&mut a, &request).unwrap();
        assert_eq!(receive::<Request>(&b).unwrap(), request);
    }

    #[test]
    fn a_call_of_a_later_version_is_refused_in_words_and_an_older_one_taken() {
        let arrived = |text: &str| serde_json::from_str::<Arrived>(text).unwrap().call();
        assert_eq!(arrived(r#"{"version":1,"call":{"Delete":7}}"#), Ok((Call::Delete(JobId(7)), None)));
        assert_eq!(arrived(r#"{"version":0,"call":"Nodes"}"#), Ok((Call::Nodes, None)));
        let later = arrived(r#"{"version":2,"call":{"Suspend":{"job":7}}}"#).unwrap_err();
        assert!(
            later.contains("calls up to version 1") && later.contains("alpsckpt cluster stop"),
            "{later}"
        );
        let strange = arrived(r#"{"version":1,"call":{"Suspend":{"job":7}}}"#).unwrap_err();
        assert!(strange.contains("does not know this call"), "{strange}");
        assert_eq!(
            Call::Shutdown { kill_jobs: false }.version(),
            1,
            "every server must understand how it is ended"
        );
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
