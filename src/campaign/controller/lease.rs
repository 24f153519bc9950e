//! Takes the lease to act, and gives it back.

use std::cell::OnceCell;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::unistd::{AccessFlags, access};
use tracing::debug_span;

use super::history::KEPT;
use super::{ControlError, Controller, read_identity};
use crate::campaign::event::{Entry, Event};
use crate::campaign::journal::{self, Journal};
use crate::campaign::machine::State;
use crate::campaign::notice::Notice;
use crate::campaign::{chains, spec};
use crate::checkpoint::form::FORM;
use crate::durable::{DurableError, beneath};

/// How often a lease that another holds is looked at.
const ASK: Duration = Duration::from_millis(50);

impl Controller {
    /// Does `act` with the lease: takes it, waiting for another that acts, and gives it back afterwards unless it was held
    /// before.
    pub(super) fn holding<T>(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<T, ControlError>,
    ) -> Result<T, ControlError> {
        let had = self.journal.is_some();
        self.claim()?;
        let done = act(self);
        if !had {
            self.let_go();
        }
        done
    }

    /// Takes the lease. Another that acts is waited for, and one of another host that gives no sign until it counts as
    /// gone, as long as [`super::Patience`] says.
    fn claim(&mut self) -> Result<(), ControlError> {
        let _step = debug_span!("take_lease").entered();
        let began = Instant::now();
        let mut told = false;
        loop {
            self.tend_lease()?;
            if self.journal.is_some() {
                return Ok(());
            }
            if self.newer.is_some() || self.lease.barred().is_some() {
                return Err(self.read_only());
            }
            if let Some(full) = self.lease.take_full() {
                return Err(full.into());
            }
            self.other = self.lease.look((self.reach.now_ms)());
            let waited = began.elapsed();
            let patience = self.reach.patience;
            // One of another host that has just renewed it lives.
            let silent = self.other.as_ref().and_then(|other| other.gone_in_ms).map(Duration::from_millis);
            let worth = match silent {
                Some(rest) => waited < patience.living || (waited + rest <= patience.silent),
                None => self.other.is_some() && waited < patience.living,
            };
            if !worth {
                return Err(self.read_only());
            }
            if let Some(rest) = silent.filter(|rest| !told && *rest > patience.living) {
                let words = self.other.as_ref().map(|other| other.words.clone()).unwrap_or_default();
                let said = format!(
                    "{words}; without a sign of it for {} s more it counts as gone: waiting …",
                    rest.as_secs() + 1
                );
                (self.reach.tell)(&said);
                told = true;
            }
            std::thread::sleep(ASK);
        }
    }

    /// Gives the lease back.
    fn let_go(&mut self) {
        if let Some(journal) = self.journal.take() {
            self.read_length = journal.length();
        }
        self.lease.release();
    }

    /// Deletes what is to be deleted, if the lease is free at this moment; else it is done at a later look.
    pub(super) fn do_what_is_due(&mut self) -> Result<(), ControlError> {
        if self.newer.is_some() || self.lease.barred().is_some() {
            return Ok(());
        }
        self.tend_lease()?;
        if self.journal.is_some() {
            let done = self.decide(true);
            self.let_go();
            done?;
        }
        Ok(())
    }

    /// Keeps or gets the lease; with it the journal is opened for writing, without it only read.
    fn tend_lease(&mut self) -> Result<(), ControlError> {
        let path = self.campaign.journal();
        if self.journal.is_none() {
            // Before the lease is taken: what a later program wrote is not even claimed.
            self.read_journal()?;
        }
        let held = self.lease.tend((self.reach.now_ms)())?;
        match (held, self.journal.is_some()) {
            (true, true) => Ok(()),
            (true, false) => {
                let upgraded = match self.upgrade() {
                    Ok(upgraded) => upgraded,
                    Err(e) => return self.decline(e),
                };
                let mut state = State::default();
                let opened = Journal::open_each(&path, KEPT, &mut |entry| state.apply(&entry.event));
                let (journal, reading, aside) = match opened {
                    Ok(opened) => opened,
                    Err(e) => {
                        self.lease.release();
                        return Err(e.into());
                    }
                };
                self.journal = Some(journal);
                let new = reading.good.is_none();
                self.take_in(state, reading.entries, reading.count);
                let mut events = Vec::new();
                if new {
                    let (spec, cluster) = (self.identity.spec.clone(), self.identity.cluster.words());
                    events.push(Event::Created { spec, cluster });
                }
                if let (Some(damage), Some(aside)) = (reading.damage, aside) {
                    let (damage, aside) = (damage.clone(), aside.display().to_string());
                    events.push(Event::Noticed {
                        chain: None,
                        notice: Notice::JournalDamaged { damage, aside },
                    });
                }
                if let Some(text) = upgraded {
                    events.push(Event::Noticed { chain: None, notice: Notice::Files { text } });
                }
                self.record(events)
            }
            (false, had) => {
                self.journal = None;
                if had {
                    self.read_journal()?;
                }
                Ok(())
            }
        }
    }

    /// Reads the journal if it grew. One that a later program wrote to makes a reader of this session.
    pub(super) fn read_journal(&mut self) -> Result<(), ControlError> {
        let _step = debug_span!("read_journal").entered();
        let path = &self.campaign.journal();
        let length = beneath::facts(path).map_or(0, |m| m.len());
        if length == self.read_length && length > 0 {
            return Ok(());
        }
        let mut state = State::default();
        let reading = journal::read_each(path, KEPT, &mut |entry| state.apply(&entry.event))?;
        self.read_length = length;
        if let Some(newer) = &reading.newer {
            self.lease.bar(format!("{}: {newer}", path.display()));
        }
        self.newer = reading.newer;
        self.take_in(state, reading.entries, reading.count);
        Ok(())
    }

    /// Brings an older campaign to this program's form, before anything else is written: older programs refuse it from
    /// then on. Says so in words.
    fn upgrade(&mut self) -> Result<Option<String>, ControlError> {
        // Read again: another session may have changed it before this one got the lease.
        let identity = read_identity(&self.campaign)?;
        if identity.spec != self.identity.spec {
            self.spec = spec::frozen(&self.campaign, &identity.spec)?;
        }
        self.identity = identity;
        let former = self.identity.form;
        // Older programs go by no record of a chain, so that one may stand there before the folder says its form.
        self.chains = chains::record(&self.campaign, &self.spec)?;
        if former >= FORM {
            return Ok(None);
        }
        self.identity.write(&self.campaign)?;
        Ok(Some(format!(
            "the campaign's folder was of form {former} and is now of form {FORM}: older versions of alpsckpt refuse it \
             from now on; jobs that run go on"
        )))
    }

    /// Gives the lease back where the campaign cannot be brought to this program's form: it can still be looked at.
    fn decline(&mut self, why: ControlError) -> Result<(), ControlError> {
        match why {
            ControlError::File(e @ DurableError::Io { .. }) => {
                self.lease.decline(format!("this campaign cannot be claimed: {e}"));
                Ok(())
            }
            e => {
                self.lease.bar(e.to_string());
                Err(e)
            }
        }
    }

    fn take_in(&mut self, state: State, entries: Vec<Entry>, recorded: u64) {
        self.state = state;
        self.recorded = recorded;
        self.undated = entries.iter().any(|entry| entry.happened_ms.is_none());
        self.entries = entries;
        self.told = OnceCell::new();
        self.news.clear();
    }
}

/// Whether this person may make files in a folder.
pub(super) fn may_write(folder: &Path) -> bool {
    access(folder, AccessFlags::W_OK | AccessFlags::X_OK).is_ok()
}
