//! Which session may write the journal.
//!
//! Who looks takes none; who acts holds it for as long as that lasts. The lease is a small file that names its holder:
//! host, boot, process. It is taken by exclusive creation, and taken over at once when its holder surely is dead (same
//! host, and that process is gone), or after its counter was seen unchanged for [`UNCHANGED_MS`] of the monotonic clock
//! of this machine (another host). `claim.ron` keeps since when: what one command began to wait, the next goes on with.
//! No file locks: they cannot be trusted on shared disks. A holder that slept through a take-over notices before its
//! next append; what it might have written in between can damage the journal's tail but never submit twice (see
//! [`super::identity`]).

mod keeper;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::keeper::Keeper;
use super::clock;
use crate::checkpoint::form::{self, FORM};
use crate::durable::{DurableError, atomic, beneath, sealed};
use crate::host::{Host, process_start};

/// How long another host's counter must stand still before its lease is taken over, milliseconds.
pub const UNCHANGED_MS: u64 = 30_000;
/// How often the holder renews its counter.
const RENEW: Duration = Duration::from_secs(5);

/// Who holds the lease, as its file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The form that it writes.
    #[serde(default = "form::first")]
    pub form: u32,
    /// The version of its program; empty in form 1.
    #[serde(default)]
    pub program: String,
    /// The host's name.
    pub host: String,
    /// The kernel's random name of this boot.
    pub boot: String,
    /// The process.
    pub pid: u32,
    /// When that process started, in the kernel's ticks since boot: tells it from a later one of the same number.
    pub process_start: u64,
    /// A random name: tells two holders within one process apart.
    pub nonce: String,
    /// Grows while the holder lives.
    pub counter: u64,
    /// Milliseconds since 1970: for display only.
    pub since_ms: i64,
    /// The PID namespace that the process's number is of; 0 where it is not known.
    #[serde(default)]
    pub pids: u64,
}

impl Holder {
    /// This process.
    #[must_use]
    pub fn this_process() -> Self {
        let pid = std::process::id();
        let host = Host::this();
        Self {
            form: FORM,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            host: host.name,
            boot: host.boot,
            pid,
            process_start: process_start(pid).unwrap_or(0),
            nonce: clock::random_name(12),
            counter: 1,
            since_ms: clock::wall_ms(),
            pids: host.pid_namespace,
        }
    }

    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        format!("process {} on {}", self.pid, self.host)
    }

    /// Whether its process can be seen from here: a container may have the host's name and other processes.
    fn is_visible(&self) -> bool {
        let own = Host::this();
        let same = self.pids == 0 || self.pids == own.pid_namespace;
        self.host == own.name
            && (self.boot != own.boot || same)
            && process_start(std::process::id()).is_some()
    }

    /// The process on this host is gone, or the host was booted since.
    fn is_surely_dead(&self) -> bool {
        self.is_visible()
            && (self.boot != Host::this().boot
                || process_start(self.pid).is_none_or(|s| s != self.process_start))
    }
}

/// One session's claim on a campaign: holding the lease, or not.
#[derive(Debug)]
pub struct Lease {
    path: PathBuf,
    me: Holder,
    held: bool,
    /// Renews it while it is held, whatever the holder is busy with.
    keeper: Option<Keeper>,
    renew_every: Duration,
    /// The other holder's file as last read.
    watched: Option<Watched>,
    why_not: String,
    /// The disk had no room for it.
    full: Option<DurableError>,
    /// Why this one may not hold it at all.
    barred: Option<String>,
}

/// Another's lease.
#[derive(Debug)]
struct Watched {
    bytes: Vec<u8>,
    /// Since when it reads so.
    since: u64,
    /// The holder, and since when it is this one.
    nonce: Option<String>,
    held_since: u64,
    /// The next command finds that in `claim.ron`.
    claimed: bool,
}

/// `claim.ron`: since when another's lease stands still, seen from one machine. Written by whoever wants the lease.
#[derive(Debug, Serialize, Deserialize)]
struct Claim {
    /// The boot whose clock the time is of.
    boot: String,
    /// The checksum of the lease.
    lease: u32,
    since_ms: u64,
}

/// Another that holds the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// That it does, in words.
    pub words: String,
    /// How long it has been this one, as far as was seen, milliseconds.
    pub held_ms: u64,
    /// After how many milliseconds more without a sign it counts as gone; `None` for one of this host, which is seen to live.
    pub gone_in_ms: Option<u64>,
}

impl Lease {
    /// A claim on the lease at `path`, nothing tried yet.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
            me: Holder::this_process(),
            held: false,
            keeper: None,
            renew_every: RENEW,
            watched: None,
            why_not: String::new(),
            full: None,
            barred: None,
        }
    }

    /// That the disk had no room for it at the last [`Lease::tend`], once.
    pub fn take_full(&mut self) -> Option<DurableError> {
        self.full.take()
    }

    /// Gives the lease back for this reason; the next [`Lease::tend`] tries to get it again.
    pub fn decline(&mut self, why: impl Into<String>) {
        self.release();
        self.why_not = why.into();
    }

    /// Gives the lease back and never takes it again, for this reason: its holder would write what it must not.
    pub fn bar(&mut self, why: impl Into<String>) {
        self.release();
        self.barred = Some(why.into());
    }

    /// Why this one does not hold it, in words: who else does, or why it cannot be made; `None` while this one does.
    #[must_use]
    pub fn why_not(&self) -> Option<&str> {
        (!self.held).then(|| self.barred.as_deref().unwrap_or(&self.why_not))
    }

    /// Why this one may never hold it, in words.
    #[must_use]
    pub fn barred(&self) -> Option<&str> {
        self.barred.as_deref()
    }

    /// Gets the lease where that is possible now; says whether it is held. `now` is [`clock::monotonic_ms`].
    ///
    /// A folder that cannot be written makes a reader, not an error: the campaign can still be looked at.
    ///
    /// # Errors
    /// When a lease that is held can no longer be read.
    pub fn tend(&mut self, now: u64) -> Result<bool, DurableError> {
        if self.held {
            return self.verify();
        }
        if self.barred.is_some() {
            return Ok(false);
        }
        self.full = None;
        self.acquire(now).or_else(|e| {
            self.why_not = format!("this campaign cannot be claimed: {e}");
            self.full = Some(e).filter(DurableError::is_disk_full);
            Ok(false)
        })
    }

    /// Who else holds it, seen without touching anything; `None`: it is free, its holder surely is gone, or it is ours.
    pub fn look(&mut self, now: u64) -> Option<Other> {
        if self.held {
            return None;
        }
        let bytes = read_bytes(&self.path).ok().flatten();
        let Some(bytes) = bytes else {
            self.watched = None;
            return None;
        };
        let found = sealed::decode::<Holder>(&self.path, &bytes).ok();
        self.watch(bytes, found.as_ref(), now);
        self.other(found.as_ref(), now)
    }

    fn other(&self, found: Option<&Holder>, now: u64) -> Option<Other> {
        let watched = self.watched.as_ref()?;
        let this_host = found.is_some_and(Holder::is_visible);
        let unchanged = now.saturating_sub(watched.since);
        let gone = found.is_some_and(Holder::is_surely_dead) || (!this_host && unchanged >= UNCHANGED_MS);
        (!gone).then(|| Other {
            words: held_by(found, "an unreadable lease"),
            held_ms: now.saturating_sub(watched.held_since),
            gone_in_ms: (!this_host).then(|| UNCHANGED_MS.saturating_sub(unchanged)),
        })
    }

    /// Takes down what another's lease says; what an earlier process of this boot began to wait counts.
    fn watch(&mut self, bytes: Vec<u8>, found: Option<&Holder>, now: u64) {
        let nonce = found.map(|f| f.nonce.clone());
        let held_since = match &self.watched {
            Some(before) if before.bytes == bytes => return,
            Some(before) if before.nonce == nonce => before.held_since,
            _ => now,
        };
        let claim = sealed::read::<Claim>(&self.claim_path()).ok();
        let claim = claim.filter(|c| !c.boot.is_empty() && c.boot == self.me.boot && c.since_ms <= now);
        let claim = claim.filter(|c| c.lease == crc32fast::hash(&bytes));
        let claimed = claim.is_some();
        let since = claim.map_or(now, |c| c.since_ms);
        self.watched = Some(Watched { bytes, since, nonce, held_since, claimed });
    }

    fn claim_path(&self) -> PathBuf {
        self.path.with_file_name("claim.ron")
    }

    /// Leaves to the next command since when the lease stands still. One that cannot be written only waits anew.
    fn leave_claim(&mut self) {
        let path = self.claim_path();
        let Some(watched) = self.watched.as_mut().filter(|w| !w.claimed) else { return };
        let lease = crc32fast::hash(&watched.bytes);
        let claim = Claim { boot: self.me.boot.clone(), lease, since_ms: watched.since };
        watched.claimed = sealed::replace_unsynced(&path, &claim).is_ok();
    }

    /// Is it still ours? Asked before each append to the journal.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn verify(&mut self) -> Result<bool, DurableError> {
        let found = read_bytes(&self.path)?;
        let found = found.and_then(|bytes| sealed::decode::<Holder>(&self.path, &bytes).ok());
        self.held = self.held && found.as_ref().is_some_and(|f| f.nonce == self.me.nonce);
        if !self.held {
            self.keeper = None;
            self.why_not = held_by(found.as_ref(), "nobody");
        }
        Ok(self.held)
    }

    fn acquire(&mut self, now: u64) -> Result<bool, DurableError> {
        let Some(bytes) = read_bytes(&self.path)? else { return self.create() };
        let found = match sealed::decode::<Holder>(&self.path, &bytes) {
            Ok(found) => {
                form::known(&self.path, found.form, &found.program)?;
                Some(found)
            }
            Err(e @ DurableError::UnknownForm { .. }) => return Err(e),
            Err(_) => None,
        };
        self.why_not = held_by(found.as_ref(), "an unreadable lease");
        if found.as_ref().is_some_and(|f| f.nonce == self.me.nonce) {
            // Ours, put back by one that took it by mistake.
            self.held = true;
            self.keeper = Keeper::start(&self.path, &self.me.nonce, self.renew_every).ok();
            return Ok(true);
        }
        self.watch(bytes.clone(), found.as_ref(), now);
        // A holder of this host that lives, stopped or busy, keeps its lease however long it is silent.
        if self.other(found.as_ref(), now).is_some() {
            self.leave_claim();
            return Ok(false);
        }
        if self.remove_stale(&bytes)? { self.create() } else { Ok(false) }
    }

    fn create(&mut self) -> Result<bool, DurableError> {
        self.me.since_ms = clock::wall_ms();
        self.held = sealed::create_exclusive(&self.path, &self.me)?;
        if self.held {
            self.watched = None;
            // Without a thread it is held for half a minute, as far as other hosts see.
            self.keeper = Keeper::start(&self.path, &self.me.nonce, self.renew_every).ok();
            let _ = beneath::remove(&self.claim_path());
        }
        Ok(self.held)
    }

    /// Moves the lease away if it still is the one judged dead. Of two that do so, one moves the stale file; the
    /// other finds nothing, or a fresh lease in its hands, which it puts back.
    fn remove_stale(&self, stale: &[u8]) -> Result<bool, DurableError> {
        let aside = self.path.with_file_name(format!(".lease.{}", self.me.nonce));
        match beneath::rename(&self.path, &aside) {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(true),
            Err(e) => return Err(DurableError::io(&self.path, "move away", e)),
        }
        let moved = beneath::read(&aside).map_err(|e| DurableError::io(&aside, "read", e))?;
        let right = moved == stale;
        if !right {
            // Fails only when yet another has made a new one meanwhile: then that one counts.
            let _ = atomic::create_exclusive(&self.path, &moved);
        }
        beneath::remove(&aside).map_err(|e| DurableError::io(&aside, "remove", e))?;
        Ok(right)
    }

    /// Gives the lease back, if it is ours.
    pub fn release(&mut self) {
        self.keeper = None;
        if self.held && self.verify().unwrap_or(false) {
            let _ = beneath::remove(&self.path);
        }
        self.held = false;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.release();
    }
}

fn held_by(holder: Option<&Holder>, or_else: &str) -> String {
    let holder = holder.map_or_else(|| or_else.to_owned(), Holder::words);
    format!("{holder} holds this campaign")
}

fn read_bytes(path: &Path) -> Result<Option<Vec<u8>>, DurableError> {
    match beneath::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(DurableError::io(path, "read", e)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn dead_process() -> Holder {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        Holder { pid, process_start: 1, ..Holder::this_process() }
    }

    fn lease(folder: &Path) -> Lease {
        Lease::new(&folder.join("lease"))
    }

    fn put(folder: &Path, holder: &Holder) {
        sealed::replace(&folder.join("lease"), holder).unwrap();
    }

    #[test]
    fn the_second_claim_waits_until_the_first_is_released() {
        let folder = tempfile::tempdir().unwrap();
        let (mut first, mut second) = (lease(folder.path()), lease(folder.path()));
        assert!(first.tend(0).unwrap());
        assert!(!second.tend(0).unwrap());
        assert!(!second.tend(10 * UNCHANGED_MS).unwrap(), "a living process of this host keeps its lease");
        assert!(second.why_not().unwrap().contains(&std::process::id().to_string()));
        drop(first);
        assert!(second.tend(0).unwrap());
        assert_eq!(second.why_not(), None);
    }

    #[test]
    fn a_dead_process_of_this_host_is_taken_over_at_once() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), &dead_process());
        assert!(lease(folder.path()).tend(0).unwrap());
        put(folder.path(), &Holder { process_start: 1, ..Holder::this_process() });
        assert!(lease(folder.path()).tend(0).unwrap(), "the number was given to another process");
        put(folder.path(), &Holder { boot: "another".to_owned(), ..Holder::this_process() });
        assert!(lease(folder.path()).tend(0).unwrap(), "the host was booted since");
    }

    #[test]
    fn another_host_is_taken_over_only_after_its_counter_stood_still() {
        let folder = tempfile::tempdir().unwrap();
        let mut other = Holder { host: "elsewhere".to_owned(), ..Holder::this_process() };
        put(folder.path(), &other);
        let mut mine = lease(folder.path());
        assert!(!mine.tend(1000).unwrap());
        assert!(!mine.tend(1000 + UNCHANGED_MS - 1).unwrap());
        other.counter += 1;
        put(folder.path(), &other);
        assert!(!mine.tend(1000 + UNCHANGED_MS).unwrap(), "the counter moved");
        assert!(!mine.tend(1000 + 2 * UNCHANGED_MS - 1).unwrap());
        assert!(mine.tend(1000 + 2 * UNCHANGED_MS).unwrap());
    }

    #[test]
    fn commands_of_one_machine_add_up_what_they_waited_for_another_hosts_lease() {
        let folder = tempfile::tempdir().unwrap();
        let mut other = Holder { host: "elsewhere".to_owned(), ..Holder::this_process() };
        put(folder.path(), &other);
        let gone_in = |now| lease(folder.path()).look(now).unwrap().gone_in_ms;
        assert_eq!(gone_in(500), Some(UNCHANGED_MS), "who only looks leaves nothing");
        assert!(!lease(folder.path()).tend(1000).unwrap());
        assert_eq!(gone_in(1000 + UNCHANGED_MS - 1), Some(1));
        // A sign of life, and the wait begins anew.
        other.counter += 1;
        put(folder.path(), &other);
        assert!(!lease(folder.path()).tend(1000 + UNCHANGED_MS).unwrap());
        assert!(!lease(folder.path()).tend(1000 + 2 * UNCHANGED_MS - 1).unwrap());
        assert_eq!(lease(folder.path()).look(1000 + 2 * UNCHANGED_MS), None, "it counts as gone");
        assert!(lease(folder.path()).tend(1000 + 2 * UNCHANGED_MS).unwrap());
        assert!(!folder.path().join("claim.ron").exists());
    }

    #[test]
    fn what_another_boot_waited_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let other = Holder { host: "elsewhere".to_owned(), ..Holder::this_process() };
        put(folder.path(), &other);
        let bytes = fs::read(folder.path().join("lease")).unwrap();
        let claim = Claim { boot: "another".to_owned(), lease: crc32fast::hash(&bytes), since_ms: 0 };
        sealed::replace(&folder.path().join("claim.ron"), &claim).unwrap();
        assert!(!lease(folder.path()).tend(UNCHANGED_MS).unwrap());
        assert!(lease(folder.path()).tend(2 * UNCHANGED_MS).unwrap());
    }

    #[test]
    fn a_lease_is_renewed_while_its_holder_is_busy_and_not_after_it_was_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lease");
        let mut mine = lease(folder.path());
        mine.renew_every = Duration::from_millis(5);
        assert!(mine.tend(0).unwrap());
        let counter = || sealed::read::<Holder>(&path).unwrap().counter;
        let until = std::time::Instant::now() + Duration::from_mins(1);
        while counter() < 4 {
            assert!(std::time::Instant::now() < until, "it is not renewed");
            std::thread::sleep(Duration::from_millis(2));
        }
        assert!(mine.verify().unwrap());
        // A renewal that is on its way may still be put over it, once.
        let other = Holder { host: "elsewhere".to_owned(), ..Holder::this_process() };
        put(folder.path(), &other);
        while mine.verify().unwrap() {
            assert!(std::time::Instant::now() < until, "that it is lost is not seen");
            put(folder.path(), &other);
        }
        // Its thread has ended with it: what is put there now stays.
        assert!(mine.keeper.is_none());
        put(folder.path(), &other);
        assert_eq!((mine.verify().unwrap(), counter()), (false, 1));
    }

    #[test]
    fn who_looks_touches_nothing_and_sees_who_holds() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = lease(folder.path());
        let mut second = lease(folder.path());
        assert_eq!(second.look(0), None);
        assert!(first.tend(0).unwrap());
        let seen = second.look(1000).unwrap();
        assert!(
            seen.words.contains(&std::process::id().to_string()) && seen.gone_in_ms.is_none(),
            "{seen:?}"
        );
        assert_eq!(second.look(9000).unwrap().held_ms, 8000);
        let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(files, ["lease"]);
        put(folder.path(), &dead_process());
        assert_eq!(second.look(9001), None, "its process is gone");
    }

    #[test]
    fn a_process_that_cannot_be_seen_from_here_is_not_called_dead() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), &Holder { pids: 1, ..dead_process() });
        let mut mine = lease(folder.path());
        assert!(!mine.tend(0).unwrap(), "a container of the same name");
        assert!(mine.tend(UNCHANGED_MS).unwrap(), "silent for long enough");
    }

    #[test]
    fn a_lost_lease_is_noticed_and_the_takers_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let mut mine = lease(folder.path());
        assert!(mine.tend(0).unwrap());
        put(folder.path(), &Holder { host: "elsewhere".to_owned(), ..Holder::this_process() });
        assert!(!mine.verify().unwrap());
        assert!(mine.why_not().unwrap().contains("elsewhere"));
        drop(mine);
        assert!(folder.path().join("lease").exists());
    }

    #[test]
    fn a_fresh_lease_taken_by_mistake_is_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let mut fresh = lease(folder.path());
        assert!(fresh.tend(0).unwrap());
        assert!(!lease(folder.path()).remove_stale(b"an older lease").unwrap());
        assert!(fresh.verify().unwrap());
    }

    #[test]
    fn a_damaged_lease_counts_as_one_that_stands_still() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("lease"), [0; 64]).unwrap();
        let mut mine = lease(folder.path());
        assert!(!mine.tend(0).unwrap());
        assert!(mine.tend(UNCHANGED_MS).unwrap());
    }

    #[test]
    fn a_lease_of_a_later_form_is_never_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lease");
        let later = Holder { form: FORM + 1, program: "9.0.0".to_owned(), ..dead_process() };
        put(folder.path(), &later);
        let former = fs::read(&path).unwrap();
        let mut mine = lease(folder.path());
        assert!(!mine.tend(0).unwrap() && !mine.tend(10 * UNCHANGED_MS).unwrap());
        assert!(mine.why_not().unwrap().contains("use alpsckpt 9.0.0 or newer"), "{:?}", mine.why_not());
        assert_eq!(fs::read(&path).unwrap(), former);
        // Of a form that cannot even be read as a holder.
        sealed::replace(&path, &(7, "host")).unwrap();
        assert!(!mine.tend(20 * UNCHANGED_MS).unwrap() && !mine.tend(40 * UNCHANGED_MS).unwrap());
        // What the first form wrote is a holder like any other.
        let text = format!(
            "Holder(host: {:?}, boot: \"another\", pid: 1, process_start: 1, nonce: \"n\", counter: 1, since_ms: 1)\n",
            Host::this().name
        );
        fs::write(&path, format!("{text}// crc32 {:08x}\n", crc32fast::hash(text.as_bytes()))).unwrap();
        assert!(mine.tend(0).unwrap(), "{:?}", mine.why_not());
    }

    #[test]
    fn a_barred_claim_gives_the_lease_back_and_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let mut mine = lease(folder.path());
        assert!(mine.tend(0).unwrap());
        mine.bar("written by a newer alpsckpt");
        assert!(!folder.path().join("lease").exists() && !mine.tend(0).unwrap());
        assert_eq!(mine.why_not(), Some("written by a newer alpsckpt"));
    }

    #[test]
    fn of_many_claims_on_a_dead_lease_exactly_one_wins() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), &dead_process());
        let mut claims: Vec<Lease> = (0..8).map(|_| lease(folder.path())).collect();
        std::thread::scope(|scope| {
            for claim in &mut claims {
                scope.spawn(|| claim.tend(0).unwrap());
            }
        });
        let held = claims.iter_mut().filter_map(|c| c.verify().unwrap().then_some(())).count();
        assert!(held <= 1, "{held} hold the lease");
        // A claim that moved a fresh lease by mistake may have cost its holder a moment: one of them gets it now.
        let got = claims.iter_mut().filter_map(|c| c.tend(0).unwrap().then_some(())).count();
        assert_eq!(got, 1);
    }
}
