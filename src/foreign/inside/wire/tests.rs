use std::collections::BTreeMap;

use super::*;

#[test]
fn messages_arrive_as_they_were_sent() {
    let program = Program {
        arguments: vec![OsString::from_vec(b"/bin/\xff".to_vec()), "b c".into()],
        environment: BTreeMap::from([("A".into(), OsString::from_vec(vec![0xfe]))]),
        directory: "/d".into(),
        output: "/o".into(),
        errors: "/e".into(),
        network: Network::Private,
    };
    let mut work = ImageOrder::new(&["criu".into()], "/i", Duration::from_secs(3), Network::Private);
    work.runs = true;
    let orders = [
        SupervisorOrder::Setup(Setup {
            private_network: true,
            clocks: Some(Times { monotonic: 1, boottime: 2 }),
        }),
        SupervisorOrder::Start(ProgramStart::from(&program)),
        SupervisorOrder::Restore(work.clone()),
        SupervisorOrder::Dump(work),
        SupervisorOrder::Sealed(false),
        SupervisorOrder::Signal(15),
    ];
    let mut stream = Vec::new();
    for sent in &orders {
        order(&mut stream, sent.clone()).unwrap();
    }
    let mut rest = stream.as_slice();
    for sent in orders {
        assert_eq!(next_order(&mut rest).unwrap(), Some(sent));
    }
    assert_eq!(next_order(&mut rest).unwrap(), None);
    assert!(next_order(&mut &stream[..7]).is_err(), "cut off");
    assert!(next_order(&mut [0xff; 9].as_slice()).unwrap_err().to_string().contains("too long"));
}

#[test]
fn troubles_and_ends_keep_their_kind() {
    for kind in KINDS {
        let trouble = Trouble::new(kind, "what", "cure");
        assert_eq!(Trouble::from(Failed::from(trouble.clone())), trouble);
    }
    for ended in [Ended::Code(5), Ended::Code(255), Ended::Signal(9)] {
        assert_eq!(Ended::from(ProgramEnd::from(ended)), ended);
    }
}
