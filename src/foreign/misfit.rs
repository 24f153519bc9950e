//! What of an image does not fit a node, as messages for people.

pub(super) mod files;

/// What helps where nothing brings back what an image needs: its chain's commands say how.
const ANEW: &str = "begin the chain anew";

/// A message, such as the recorded one of a link's end, tells of something that beginning anew is a cure of.
#[must_use]
pub fn tells_of_beginning_anew(message: &str) -> bool {
    message.contains(ANEW)
}

/// What does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Misfit {
    /// A file is missing, or another one than it was.
    File,
    /// The processor lacks instructions.
    Processor,
    /// The kernel is older.
    Kernel,
    /// The CRIU is older.
    Criu,
    /// The user has more groups, or fewer.
    Groups,
    /// There is not enough memory.
    Memory,
    /// A limit of the job is lower.
    Limit,
}

impl Misfit {
    /// Whether it is of the node alone, so that another may fit: files and limits are as a rule the same on all.
    #[must_use]
    pub fn is_of_the_node(self) -> bool {
        matches!(self, Self::Processor | Self::Kernel | Self::Criu | Self::Groups | Self::Memory)
    }
}

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// Which kind of misfit it is.
    pub kind: Misfit,
    /// What differs, from what to what.
    pub what: String,
    /// What can be done about it.
    pub cure: String,
    /// Nothing is to be restored here; else it is only a remark.
    pub refuses: bool,
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.what, self.cure)
    }
}

impl Unfit {
    pub(super) fn new(kind: Misfit, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { kind, what: what.into(), cure: cure.into(), refuses: true }
    }

    pub(super) fn told(kind: Misfit, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { refuses: false, ..Self::new(kind, what, cure) }
    }
}
