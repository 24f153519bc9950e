//! Any messages, in any order, at any size: never a panic, and no action without its question.

use proptest::prelude::*;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{later, paint};
use crate::campaign::actions::Asks;
use crate::campaign::controller::{Action, ActionKind};
use crate::campaign::snapshot::Snapshot;
use crate::checkpoint::ChainId;
use crate::glyphs;
use crate::ui::fixtures;
use crate::ui::message::{Effect, Message};
use crate::ui::model::Overlay;
use crate::ui::screens::log::Tail;
use crate::ui::screens::map::Picture;
use crate::ui::theme::Depth;
use crate::ui::update::update;

fn snapshots() -> impl Strategy<Value = Snapshot> {
    prop_oneof![
        Just(fixtures::planned()),
        Just(fixtures::mixed()),
        Just(fixtures::doubtful()),
        Just(fixtures::year()),
        Just(fixtures::finished()),
        Just(fixtures::mute_scheduler()),
        Just(fixtures::read_only()),
        Just(fixtures::campaign(Vec::new())),
        any::<(u64, u64, i64)>().prop_map(|(tiles, total, ms)| {
            let mut snapshot = fixtures::mixed();
            for chain in &mut snapshot.chains {
                (chain.tiles, chain.total, chain.eta) = (tiles, total, Some(tiles));
                chain.links.iter_mut().for_each(|l| l.started_ms = ms);
                chain
                    .generations
                    .iter_mut()
                    .for_each(|g| (g.tiles, g.bytes, g.sealed_ms) = (tiles, total, ms));
            }
            snapshot.cluster.answer_age = Some(tiles);
            snapshot
        }),
    ]
}

fn keys() -> impl Strategy<Value = KeyEvent> {
    let codes = prop_oneof![
        4 => proptest::sample::select("sSrcHuewxajkhl[]fgGq?1234yn ".chars().collect::<Vec<_>>()).prop_map(KeyCode::Char),
        1 => any::<char>().prop_map(KeyCode::Char),
        2 => proptest::sample::select(vec![
            KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::BackTab, KeyCode::Up, KeyCode::Down, KeyCode::Left,
            KeyCode::Right, KeyCode::PageUp, KeyCode::PageDown, KeyCode::Home, KeyCode::End,
        ]),
    ];
    let modifiers = prop_oneof![4 => Just(KeyModifiers::NONE), 1 => Just(KeyModifiers::CONTROL)];
    (codes, modifiers).prop_map(|(code, modifiers)| KeyEvent::new(code, modifiers))
}

fn picture() -> impl Strategy<Value = Picture> {
    (0u32..9, 0u32..9, any::<Option<(f32, f32)>>()).prop_map(|(width, height, range)| {
        let mut picture = fixtures::picture();
        (picture.look.width, picture.look.height, picture.range) = (width, height, range);
        picture.look.values.truncate((width * height / 2) as usize);
        picture
    })
}

fn messages() -> impl Strategy<Value = Message> {
    let chain = || (1u8..=12).prop_map(|m| ChainId::of_months(&[m]));
    let log = "/home/lea/ecrins/maps/.alpsckpt/chains/m06/logs/0003.log";
    prop_oneof![
        8 => keys().prop_map(Message::Key),
        2 => snapshots().prop_map(|s| Message::Snapshot(Box::new(s))),
        2 => (0u16..200, 0u16..60).prop_map(|(w, h)| Message::Resize(w, h)),
        1 => Just(Message::Tick),
        1 => Just(Message::Paste),
        1 => "\\PC{0,200}".prop_map(Message::RefreshFailed),
        1 => (chain(), ".{0,200}").prop_map(|(c, text)| Message::Acted(ActionKind::Submit.on(c), Err(text))),
        1 => proptest::collection::vec(".{0,100}", 0..60).prop_map(move |lines| {
            let lines = lines.into_iter().enumerate().map(|(i, l)| (i as u64 * 7, l)).collect();
            Message::Log(log.into(), Ok(Tail { path: log.into(), cut: true, lines }))
        }),
        1 => (chain(), picture()).prop_map(|(c, p)| Message::Picture(c, Ok(p))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_messages_never_panic_and_actions_follow_questions(
        messages in proptest::collection::vec((messages(), 0u64..600), 1..40),
        mono in any::<bool>(),
        ascii in any::<bool>(),
    ) {
        let (depth, signs) = (
            if mono { Depth::Mono } else { Depth::True },
            if ascii { &glyphs::ASCII } else { &glyphs::UNICODE },
        );
        let mut model = fixtures::model_in(depth, signs, fixtures::mixed(), 80, 24);
        let mut asked: Vec<Action> = Vec::new();
        for (message, gap) in messages {
            let allowed = asked.clone();
            let read_only = model.shared.read_only().is_some();
            let before = model.shared.pending.len();
            let now = later(&model, gap);
            for effect in update(&mut model, message, now) {
                if let Effect::Act(action) = effect {
                    let free = action.kind.row().asks == Asks::Nothing;
                    prop_assert!(free || allowed.contains(&action), "{action:?} without a question");
                }
            }
            prop_assert!(!read_only || model.shared.pending.len() <= before, "an action begins although read-only");
            if let Some(Overlay::Confirm(ask)) = &model.overlay {
                asked.extend(ask.actions.iter().cloned());
            }
            prop_assert_eq!(paint::text(&model).lines().count(), usize::from(model.shared.size.1));
        }
    }
}
