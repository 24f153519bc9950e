//! What a chain is stands in its record, which is written before anything of it runs and is read by all that act on it.

use std::fs;

use alpsckpt::campaign::identity::Identity;
use alpsckpt::checkpoint::{CampaignDir, Chain, ChainId, LinkStart, fence, form};

use crate::scene::{Scene, sky};

/// A campaign of one chain whose folder is made; its folder and the arguments of its job.
fn made(scene: &Scene) -> (CampaignDir, Vec<String>) {
    scene.campaign("my.ron", "out", &sky(&[]));
    scene.ask(&["run", "my.ron", "--months", "1"]).good();
    let campaign = CampaignDir::new(&scene.path("out"));
    let identity = Identity::read(&campaign).unwrap();
    let output = campaign.output().to_str().unwrap().to_owned();
    let job = [
        "job",
        "run",
        "--output",
        &output,
        "--chain",
        "m01",
        "--spec",
        &identity.spec,
        "--campaign",
        &identity.id,
    ];
    (campaign, job.map(str::to_owned).to_vec())
}

fn january() -> ChainId {
    ChainId::parse("m01").unwrap()
}

#[test]
fn a_record_is_there_before_the_first_link_and_says_what_the_file_says() {
    let scene = Scene::new(64);
    let (campaign, _) = made(&scene);
    let dir = campaign.chain(&january());
    let chain = Chain::read(&dir, &january()).unwrap();
    assert_eq!(
        (chain.label(), chain.months, chain.products),
        ("m01".to_owned(), vec![1], vec!["SkyView".to_owned()])
    );
    let written = fs::metadata(dir.record()).unwrap().modified().unwrap();
    let link = fence::newest(&dir).unwrap().unwrap();
    assert!(form::read::<LinkStart>(&dir.link_start(link)).is_ok());
    assert!(written <= fs::metadata(dir.link_start(link)).unwrap().modified().unwrap());
}

/// Each is refused by the job and by who looks, with the file and what to do; what is done then works.
#[test]
fn a_record_that_cannot_be_trusted_is_refused_and_its_cure_works() {
    let scene = Scene::new(64);
    let (campaign, job) = made(&scene);
    let job: Vec<&str> = job.iter().map(String::as_str).collect();
    let dir = campaign.chain(&january());
    let good = Chain::read(&dir, &january()).unwrap();
    let bytes = fs::read(dir.record()).unwrap();
    let links = || fence::all(&dir).unwrap().len();

    let flipped = String::from_utf8(bytes.clone()).unwrap().replacen("SkyView", "SkyVieW", 1).into_bytes();
    let other = {
        let other = Chain { id: ChainId::parse("m02").unwrap(), ..good.clone() };
        other.write(&campaign.chain(&other.id)).unwrap();
        fs::read(campaign.chain(&other.id).record()).unwrap()
    };
    fs::remove_dir_all(campaign.chain(&ChainId::parse("m02").unwrap()).path()).unwrap();
    for (bad, why) in [
        (flipped, "the checksum does not fit the content"),
        (bytes[..20].to_vec(), "the checksum line is missing"),
        (other, "it is the record of the chain m02"),
    ] {
        fs::write(dir.record(), bad).unwrap();
        let before = links();
        let words = ["m01/chain.ron: damaged: ", why, "remove this file"];
        scene
            .ask(&job)
            .failed(76, &[&words[..], &["then resubmit: `alpsckpt resubmit m01 --campaign "]].concat());
        assert_eq!(links(), before, "no link begins");
        for command in [&["status", "out"][..], &["verify", "out"], &["resubmit", "m01", "-c", "out"]] {
            scene.ask(command).failed(74, &words);
        }
        fs::remove_file(dir.record()).unwrap();
        // Without one the job takes what its frozen file says, and writes none.
        scene.ask(&job).good();
        assert!(!dir.record().exists());
        good.write(&dir).unwrap();
    }

    // One that says something else than the frozen file, of a chain that was begun.
    Chain { months: vec![2], ..good.clone() }.write(&dir).unwrap();
    let words = [
        "m01/chain.ron: m01 was begun as m02 of SkyView, and the campaign file makes it m01 of SkyView",
        "set the campaign",
    ];
    scene.ask(&job).failed(76, &words);
    scene.ask(&["status", "out"]).failed(76, &words);
    good.write(&dir).unwrap();
    scene.ask(&["status", "out"]).good();
    let stranger: Vec<&str> = job.iter().map(|word| if *word == "m01" { "m13" } else { *word }).collect();
    scene.ask(&stranger).failed(76, &["has no chain m13: it has m01"]);
}
