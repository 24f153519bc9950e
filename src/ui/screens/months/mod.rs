//! The first screen: the months, and all that a person needs. It has no state but what all screens share.

mod cells;
mod draw;
mod table;

pub(crate) use draw::draw;
