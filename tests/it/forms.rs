//! Campaign folders of every form, kept in `tests/data/forms`: each is read, followed, gone on with and verified. What a
//! later program wrote is refused and left as it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use alpsckpt::campaign::controller::{ActionKind, ControlError, Controller, Reach};
use alpsckpt::campaign::identity::Identity;
use alpsckpt::campaign::snapshot::{Access, ChainState, Snapshot};
use alpsckpt::campaign::spec;
use alpsckpt::checkpoint::form::FORM;
use alpsckpt::checkpoint::{
    CampaignDir, Chain, ChainId, ExitClass, Generation, GenerationNumber, LinkNumber, LinkResume, fence,
};
use alpsckpt::durable::{framed, sealed};
use alpsckpt::engine::NUMERICS;
use alpsckpt::job::verify::verify_chain;
use alpsckpt::job::{Origin, RunOptions, Stop, run_chain};

use crate::no_cluster::Nothing;
use crate::scene::{PROGRAM, apart};
use crate::support::{contents, copy_all};

/// Where the terrain lay when the folders were made: its name is in their specs.
const PLACE: &str = "/tmp/alpsckpt-forms";

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/forms")
}

/// A copy of the folder of one form, to be changed.
pub(crate) struct Kept {
    folder: tempfile::TempDir,
}

impl Kept {
    pub(crate) fn of(form: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_all(&data().join(form.to_string()), &folder.path().join("out"));
        fs::copy(data().join("dem.tif"), folder.path().join("dem.tif")).unwrap();
        fs::copy(data().join("my.ron"), folder.path().join("my.ron")).unwrap();
        // The same bytes whoever puts them there.
        fs::create_dir_all(PLACE).unwrap();
        let dem = Path::new(PLACE).join("dem.tif");
        if fs::read(&dem).ok() != fs::read(data().join("dem.tif")).ok() {
            // Tests beside this one do the same.
            let temporary = tempfile::NamedTempFile::new_in(PLACE).unwrap();
            fs::copy(data().join("dem.tif"), temporary.path()).unwrap();
            temporary.persist(&dem).unwrap();
        }
        Self { folder }
    }

    pub(crate) fn output(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    pub(crate) fn campaign(&self) -> CampaignDir {
        CampaignDir::new(&self.output())
    }

    pub(crate) fn open(&self) -> Result<Controller, ControlError> {
        Controller::open_with(&self.output(), reach())
    }

    /// Opens it and acts, as far as that goes in another place than the campaign was made in: it is of this program's
    /// form then.
    pub(crate) fn acted_on(&self) -> Controller {
        let mut controller = self.open().unwrap();
        let refused = controller.act(&ActionKind::Resubmit.on(ChainId::of_months(&[6]))).unwrap_err();
        assert!(refused.to_string().contains("was moved here from"), "{refused}");
        assert!(!self.campaign().lease().exists(), "it is given back");
        controller
    }

    /// Puts text in the place of another in `campaign.ron`, and a right checksum below.
    fn edit_identity(&self, from: &str, to: &str) {
        let path = self.campaign().identity();
        let text = fs::read_to_string(&path).unwrap();
        let body = text.split("// crc32").next().unwrap();
        assert!(body.contains(from), "{body}");
        let body = body.replacen(from, to, 1);
        fs::write(&path, format!("{body}// crc32 {:08x}\n", crc32(body.as_bytes()))).unwrap();
    }

    /// Runs a command of a program on the folder, with a state of its own.
    pub(crate) fn command(&self, program: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(program);
        let command = apart(&mut command, self.folder.path()).env_remove("ALPSCKPT_PROGRAM");
        command.args(arguments).output().unwrap()
    }
}

/// The checksum by the framed log's own hand.
fn crc32(bytes: &[u8]) -> u32 {
    let frame = framed::frame(bytes);
    u32::from_le_bytes(frame[4..8].try_into().unwrap())
}

fn reach() -> Reach {
    Reach { connect: Box::new(|_| Ok(Box::new(Nothing))), ..Reach::default() }
}

/// Name, state and sealed tiles of each chain.
type Stands = (String, ChainState, u64);

fn stands(snapshot: &Snapshot) -> Vec<Stands> {
    snapshot.chains.iter().map(|c| (c.id.to_string(), c.state, c.sealed_tiles)).collect()
}

/// The map that June makes.
const JUNE: &str = "total_m06.tif";

/// June's map as one undisturbed link makes it.
fn unbroken(spec: &spec::Spec) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let outcome = run_chain(folder.path(), &june_of(spec, "unbroken"), &|_| ());
    assert_eq!(outcome.class, ExitClass::Complete, "{}", outcome.message);
    fs::read(CampaignDir::new(folder.path()).maps().join(JUNE)).unwrap()
}

/// What a link of June is to do.
fn june_of(spec: &spec::Spec, spec_hash: &str) -> RunOptions {
    RunOptions {
        spec: spec::Spec { pace: None, ..spec.clone() },
        spec_hash: spec_hash.to_owned(),
        chain: spec.chain_of(&[6]),
        job_id: "local".to_owned(),
        node: "node-1".to_owned(),
        threads: 2,
        stop: Stop::default(),
        origin: Origin::default(),
    }
}

#[test]
fn every_form_is_read_gone_on_with_and_verified() {
    let mut kept: Vec<u32> = fs::read_dir(data())
        .unwrap()
        .filter_map(|e| e.unwrap().file_name().to_str().and_then(|name| name.parse().ok()))
        .collect();
    kept.sort_unstable();
    assert_eq!(kept, (1..=FORM).collect::<Vec<_>>(), "one folder a form: see tests/data/forms/make");
    for form in kept {
        let (kept, june) = (Kept::of(form), ChainId::of_months(&[6]));
        let campaign = kept.campaign();
        let before = Identity::read(&campaign).unwrap();
        assert_eq!((before.form, before.made, before.name.as_str()), (form, form, "kept"));
        let journal = fs::read(campaign.journal()).unwrap();

        let chains = [1, 6].map(|month| (month, ChainId::of_months(&[month])));
        let recorded = || chains.iter().filter(|(_, id)| campaign.chain(id).record().exists()).count();
        let records = recorded();
        let looked = kept.open().unwrap().refresh().unwrap();
        assert_eq!(Identity::read(&campaign).unwrap(), before, "who looks changes nothing");
        assert_eq!(recorded(), records, "who looks writes no record of a chain");
        let mut controller = kept.acted_on();
        for (month, id) in &chains {
            assert_eq!(Chain::read(&campaign.chain(id), id).unwrap().months, [*month]);
        }
        let snapshot = controller.refresh().unwrap();
        assert_eq!(stands(&looked), stands(&snapshot));
        let [january, june_stands]: [Stands; 2] = stands(&snapshot).try_into().unwrap();
        assert_eq!(january, ("m01".to_owned(), ChainState::Complete, 9));
        assert_eq!(
            (june_stands.1, (1..9).contains(&june_stands.2)),
            (ChainState::Stopped, true),
            "{june_stands:?}"
        );
        assert_eq!(snapshot.access, Access::Writer);
        assert!(
            fs::read(campaign.journal()).unwrap().starts_with(&journal),
            "nothing of the journal is lost"
        );
        drop(controller);
        // Written by this program: older ones refuse it from now on, and what was left out means what it meant.
        let after = Identity::read(&campaign).unwrap();
        assert_eq!((after.form, after.made), (FORM, form));
        assert_eq!((&after.id, &after.spec, &after.cluster), (&before.id, &before.spec, &before.cluster));

        let chain = campaign.chain(&june);
        let newest = fence::generations(&chain).unwrap().pop().unwrap();
        let newest: Generation = alpsckpt::checkpoint::form::read(&chain.generation(newest)).unwrap();
        let spec = spec::frozen(&campaign, &after.spec).unwrap();
        let outcome = run_chain(&kept.output(), &june_of(&spec, &after.spec), &|_| ());
        assert_eq!(
            (outcome.class, outcome.link),
            (ExitClass::Complete, Some(LinkNumber(2))),
            "{}",
            outcome.message
        );
        let resume: LinkResume = sealed::read(&campaign.chain(&june).link_resume(LinkNumber(2))).unwrap();
        // What was sealed is not computed again, unless the engine is another since.
        let same = newest.numerics == NUMERICS;
        assert_eq!(resume.tiles, if same { june_stands.2 } else { 0 });
        let engine = format!("those of engine {}", newest.numerics);
        assert!(resume.rejected.iter().all(|r| r.why.contains(&engine)), "{:?}", resume.rejected);
        assert_eq!((resume.rejected.is_empty(), resume.from >= Some(GenerationNumber(2))), (same, same));
        for chain in [ChainId::of_months(&[1]), june] {
            let maps = verify_chain(&campaign, &chain, &spec.dem).unwrap();
            assert!(!maps.is_empty() && maps.iter().all(|map| map.problems.is_empty()), "{maps:?}");
        }
        assert_eq!(fs::read(campaign.maps().join(JUNE)).unwrap(), unbroken(&spec), "form {}", before.form);
    }
}

#[test]
fn a_campaign_of_a_later_form_is_refused_by_every_command_and_left_as_it_is() {
    let program = Path::new(PROGRAM);
    // Fields of ours changed or gone, others new: only the first three are kept by every form.
    let (later, strange) = (Kept::of(1), Kept::of(1));
    drop(later.acted_on());
    later.edit_identity(&format!("form: {FORM},"), "form: 3000,");
    later.edit_identity("id: ", "quota: [\"10 GB\", 7, (a: None)], who: ");
    later.edit_identity("written_by: \"", "written_by: \"99.");
    // … and form 1 with another number.
    strange.edit_identity("version: 1,", "version: 3000, quota: \"10 GB\",");
    for (kept, says) in [(later, "written by alpsckpt 99."), (strange, "written by a newer alpsckpt")] {
        let before = contents(&kept.output());
        for arguments in [
            &["status", "out"][..],
            &["status", "my.ron", "--json"],
            &["stop", "m06", "-c", "out"],
            &["resubmit", "m06", "-c", "my.ron"],
            &["checkpoint", "m06", "-c", "my.ron"],
            &["submit", "my.ron"],
            &["run", "my.ron"],
            &["verify", "out"],
            &["open", "out"],
        ] {
            let output = kept.command(program, arguments);
            let text = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(76), "{arguments:?}: {text}");
            assert!(
                text.contains("campaign.ron") && text.contains("form 3000") && text.contains(says),
                "{arguments:?}: {text}"
            );
        }
        // What only looks at the inputs leaves nothing there either.
        let checked = kept.command(program, &["check", "my.ron"]);
        assert!(checked.status.success(), "{checked:?}");
        assert_eq!(contents(&kept.output()), before);
    }
}

#[test]
fn an_event_of_a_later_program_makes_a_reader_that_says_why() {
    let kept = Kept::of(1);
    // No server is to be started for a look.
    let text = fs::read_to_string(kept.campaign().identity()).unwrap();
    let cluster = text.split("cluster: ").nth(1).unwrap().split("created").next().unwrap();
    kept.edit_identity(cluster, "Oar,\n    ");
    drop(kept.acted_on());
    let journal = kept.campaign().journal();
    let strange = framed::frame(br#"{"at_ms":1,"event":{"Annotated":{"chain":"m01","text":"of later"}}}"#);
    let bytes = [fs::read(&journal).unwrap(), strange].concat();
    fs::write(&journal, &bytes).unwrap();
    let before = contents(&kept.output());

    let mut controller = kept.open().unwrap();
    let snapshot = controller.refresh().unwrap();
    let Access::ReadOnly { why } = &snapshot.access else { panic!("it may write") };
    assert!(why.contains("written by a newer alpsckpt") && why.contains("update it"), "{why}");
    assert_eq!(stands(&snapshot)[1].1, ChainState::Stopped, "what is known is still shown");
    let refused = controller.act(&ActionKind::Resubmit.on(ChainId::of_months(&[6])));
    assert!(refused.is_err());
    drop(controller);
    assert_eq!(contents(&kept.output()), before);

    let status = kept.command(Path::new(PROGRAM), &["status", "out"]);
    let text = String::from_utf8_lossy(&status.stdout);
    assert!(status.status.success() && text.contains("read-only: ") && text.contains("update it"), "{text}");
    assert_eq!(contents(&kept.output()), before);
}
