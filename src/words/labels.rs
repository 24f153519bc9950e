//! Words that stand alone: heads of columns, labels of facts, titles of panels.

/// What is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    // Heads of columns.
    Month,
    State,
    Progress,
    Done,
    Tiles,
    Link,
    Job,
    Node,
    Saved,
    EndsIn,
    Started,
    Ran,
    BeganWith,
    End,
    // Facts of a month.
    ToDo,
    Checkpoint,
    IsSaved,
    Submitted,
    Maps,
    Outputs,
    // Titles.
    Checkpoints,
    Happened,
    HappenedNewestFirst,
    Keys,
    Log,
    Nodes,
    Sure,
    Wrong,
    /// Before nodes in a line.
    NodesInALine,
    Yes,
    No,
}

spoken! { labels:
    /// The word.
    fn label(label: Label) -> &'static str;
}
