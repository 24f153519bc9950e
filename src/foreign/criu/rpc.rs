//! The messages of CRIU's RPC, as far as they are used, by the field numbers of its published interface.

/// Leaves the cgroups of the program alone: it is restored into those of whoever restores it.
pub(in crate::foreign) const CGROUPS_IGNORED: i32 = 0;
/// No rules of a firewall while the program is frozen.
pub(in crate::foreign) const NETWORK_NOT_LOCKED: i32 = 3;

#[derive(Clone, PartialEq, prost::Message)]
pub(in crate::foreign) struct CriuOptions {
    #[prost(int32, required, tag = "1")]
    pub(in crate::foreign) images_dir_fd: i32,
    #[prost(int32, optional, tag = "2")]
    pub(in crate::foreign) pid: Option<i32>,
    #[prost(bool, optional, tag = "3")]
    pub(in crate::foreign) leave_running: Option<bool>,
    #[prost(bool, optional, tag = "5")]
    pub(in crate::foreign) tcp_established: Option<bool>,
    #[prost(bool, optional, tag = "8")]
    pub(in crate::foreign) file_locks: Option<bool>,
    #[prost(int32, optional, tag = "9")]
    pub(in crate::foreign) log_level: Option<i32>,
    #[prost(string, optional, tag = "10")]
    pub(in crate::foreign) log_file: Option<String>,
    #[prost(bool, optional, tag = "12")]
    pub(in crate::foreign) notify_scripts: Option<bool>,
    #[prost(int32, optional, tag = "17")]
    pub(in crate::foreign) work_dir_fd: Option<i32>,
    #[prost(bool, optional, tag = "18")]
    pub(in crate::foreign) link_remap: Option<bool>,
    #[prost(bool, optional, tag = "26")]
    pub(in crate::foreign) rst_sibling: Option<bool>,
    #[prost(int32, optional, tag = "34")]
    pub(in crate::foreign) manage_cgroups_mode: Option<i32>,
    /// Bytes of a removed file that are taken into the image.
    #[prost(uint32, optional, tag = "35")]
    pub(in crate::foreign) ghost_limit: Option<u32>,
    /// s in which all tasks must have been stopped.
    #[prost(uint32, optional, tag = "45")]
    pub(in crate::foreign) timeout: Option<u32>,
    #[prost(int32, optional, tag = "64")]
    pub(in crate::foreign) network_lock: Option<i32>,
    #[prost(bool, optional, tag = "67")]
    pub(in crate::foreign) unprivileged: Option<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, prost::Enumeration)]
#[repr(i32)]
pub(in crate::foreign) enum RequestKind {
    Empty = 0,
    Dump = 1,
    Restore = 2,
    Notify = 6,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(in crate::foreign) struct CriuRequest {
    #[prost(enumeration = "RequestKind", required, tag = "1")]
    pub(in crate::foreign) kind: i32,
    #[prost(message, optional, tag = "2")]
    pub(in crate::foreign) options: Option<CriuOptions>,
    #[prost(bool, optional, tag = "3")]
    pub(in crate::foreign) notify_success: Option<bool>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(in crate::foreign) struct Restored {
    #[prost(int32, required, tag = "1")]
    pub(in crate::foreign) pid: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(in crate::foreign) struct Notification {
    #[prost(string, optional, tag = "1")]
    pub(in crate::foreign) script: Option<String>,
    #[prost(int32, optional, tag = "2")]
    pub(in crate::foreign) pid: Option<i32>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(in crate::foreign) struct CriuResponse {
    #[prost(int32, required, tag = "1")]
    pub(in crate::foreign) kind: i32,
    #[prost(bool, required, tag = "2")]
    pub(in crate::foreign) success: bool,
    #[prost(message, optional, tag = "4")]
    pub(in crate::foreign) restore: Option<Restored>,
    #[prost(message, optional, tag = "5")]
    pub(in crate::foreign) notify: Option<Notification>,
    #[prost(int32, optional, tag = "7")]
    pub(in crate::foreign) errno: Option<i32>,
    #[prost(string, optional, tag = "9")]
    pub(in crate::foreign) message: Option<String>,
}
