//! Every sentence and every form of a number that a person reads on the screens and the command line.
//!
//! A message is a function with its parameters that makes whole sentences: nobody glues pieces together, and plurals
//! come from one helper ([`crate::quantity::count`]). What a message says in a language stands in that language's folder
//! ([`en`]), a file a concern; the file of the concern beside it lists the messages. Another language is one more folder,
//! one more [`Language`], and one more arm in `spoken!`: the compiler then tells what is missing.
//!
//! | concern | what it tells |
//! |---|---|
//! | [`actions`] | what can be asked for, its questions, why not now, what came of it |
//! | [`commands`] | what keys do, names of screens |
//! | [`details`] | facts of a month, its links and jobs |
//! | [`labels`] | words that stand alone |
//! | [`notices`] | news, what a key could not do and why, what to press |
//! | [`numbers`] | percentages, factors; bytes and counts from [`crate::quantity`] |
//! | [`screens`] | header, pages, and what stands where there is nothing to show |
//! | [`states`] | months, jobs, margins |
//! | [`times`] | durations and moments |

/// Lists the messages of a concern, each a function of the same name in the folder of every language.
macro_rules! spoken {
    ($concern:ident: $($(#[$doc:meta])* fn $name:ident($($given:ident: $of:ty),* $(,)?) -> $said:ty;)*) => {
        $(
            $(#[$doc])*
            pub(crate) fn $name($($given: $of),*) -> $said {
                match $crate::words::language() {
                    $crate::words::Language::En => $crate::words::en::$concern::$name($($given),*),
                }
            }
        )*
    };
}

pub(crate) mod actions;
pub(crate) mod commands;
pub(crate) mod details;
mod en;
pub(crate) mod labels;
pub(crate) mod notices;
pub(crate) mod numbers;
pub(crate) mod screens;
pub(crate) mod states;
pub(crate) mod times;

pub(crate) use labels::{Label, label};
pub(crate) use numbers::{bytes, percent, scale, seconds_between};
pub(crate) use states::{
    done, explain, is_of_programs, job, last_good, left_out, margin, months, resume_point, sign, state,
};
pub(crate) use times::{duration, moment, short_duration, time_of_day};

/// The languages that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// English.
    En,
}

/// The language of this process. There is one so far; where there are more it is chosen here, once.
pub(crate) fn language() -> Language {
    Language::En
}

#[cfg(test)]
mod tests;
