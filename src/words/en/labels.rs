//! Words that stand alone in English.

use crate::words::labels::Label;

pub(in crate::words) fn label(label: Label) -> &'static str {
    match label {
        Label::Month => "month",
        Label::State => "state",
        Label::Progress => "progress",
        Label::Done => "done",
        Label::Tiles => "tiles",
        Label::Link => "link",
        Label::Job => "job",
        Label::Node => "node",
        Label::Saved => "saved",
        Label::EndsIn => "ends in",
        Label::Started => "started",
        Label::Ran => "ran",
        Label::BeganWith => "began with",
        Label::End => "end",
        Label::ToDo => "to do",
        Label::Checkpoint => "checkpoint",
        Label::IsSaved => "is saved",
        Label::Submitted => "submitted",
        Label::Maps => "maps",
        Label::Outputs => "outputs",
        Label::Checkpoints => "Checkpoints",
        Label::Happened => "What happened",
        Label::HappenedNewestFirst => "What happened, newest first",
        Label::Keys => "Keys",
        Label::Log => "Log",
        Label::Nodes => "Nodes",
        Label::Sure => "Sure?",
        Label::Wrong => "What is wrong",
        Label::NodesInALine => "nodes",
        Label::Yes => "yes",
        Label::No => "no",
    }
}
