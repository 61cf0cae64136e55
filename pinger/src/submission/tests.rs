use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sluice_workflows::Field;

use super::*;

const MANY: u64 = 20_000;

fn share(part: f64) -> Share {
    Share::new(part).unwrap()
}

fn generator(seed: u64, partial: f64, invalid: f64) -> Generator {
    Generator::new(seed, share(partial), share(invalid), None)
}

/// The rules themselves: the schemas that the validators use.
struct Rules(BTreeMap<&'static str, jsonschema::Validator>);

impl Rules {
    fn new() -> Self {
        let compile = |field: Field| {
            let schema: Value = serde_json::from_str(field.schema()).unwrap();
            (field.as_str(), jsonschema::validator_for(&schema).unwrap())
        };
        Rules(Field::ALL.into_iter().map(compile).collect())
    }

    fn is_right(&self, field: &str, value: Option<&String>) -> bool {
        value.is_some_and(|value| self.0[field].is_valid(&json!(value)))
    }
}

#[test]
fn every_submission_is_as_right_as_its_kind_says() {
    let rules = Rules::new();
    let generator = generator(7, 0.4, 0.3);
    for submission in (0..MANY).map(|number| generator.submission(number)) {
        let fields = &submission.fields;
        assert!(rules.is_right("user_name", fields.user_name.as_ref()), "{submission:?}");
        let email = rules.is_right("email", fields.email.as_ref());
        let pincode = rules.is_right("pincode", fields.pincode.as_ref());
        let kind = match (email, pincode) {
            (true, true) => Kind::Valid,
            (true, false) | (false, true) => Kind::Partial,
            (false, false) => Kind::Invalid,
        };
        assert_eq!(kind, submission.kind, "{submission:?}");
    }
}

/// Otherwise the schemas would be tried on one kind of bad field only.
#[test]
fn both_fields_go_wrong_and_both_are_missing_at_times() {
    let generator = generator(1, 1.0, 0.0);
    let seen: BTreeSet<_> = (0..MANY)
        .map(|number| generator.submission(number).fields)
        .map(|fields| (fields.email.is_none(), fields.pincode.is_none()))
        .collect();
    assert_eq!(
        seen,
        BTreeSet::from([(false, false), (false, true), (true, false)]),
        "never both: that would be invalid"
    );
}

#[test]
fn the_shares_are_kept() {
    let count = |partial, invalid| {
        let generator = generator(3, partial, invalid);
        let mut counts = BTreeMap::from(Kind::ALL.map(|kind| (kind, 0_u32)));
        for number in 0..MANY {
            *counts.entry(generator.submission(number).kind).or_default() += 1;
        }
        Kind::ALL.map(|kind| f64::from(counts[&kind]) / MANY as f64)
    };
    assert_eq!(count(0.0, 0.0), [1.0, 0.0, 0.0]);
    assert_eq!(count(1.0, 0.0), [0.0, 1.0, 0.0]);
    assert_eq!(count(0.0, 1.0), [0.0, 0.0, 1.0]);
    for (got, expected) in count(0.2, 0.1).into_iter().zip([0.7, 0.2, 0.1]) {
        assert!((got - expected).abs() < 0.01, "{got} is not {expected}");
    }
}

#[test]
fn the_seed_and_the_number_decide_everything() {
    let (one, again, other) = (generator(5, 0.3, 0.3), generator(5, 0.3, 0.3), generator(6, 0.3, 0.3));
    let ahead: Vec<_> = (0..1000).map(|number| one.submission(number)).collect();
    for number in (0..1000).rev() {
        assert_eq!(again.submission(number), ahead[number as usize]);
        assert_ne!(other.submission(number).fields, ahead[number as usize].fields);
    }
}

#[test]
fn no_address_comes_twice_whatever_its_case() {
    let addresses = |seed| {
        let generator = generator(seed, 0.0, 0.0);
        (0..MANY).filter_map(move |number| Some(generator.submission(number).fields.email?.to_lowercase()))
    };
    let all: BTreeSet<_> = addresses(1).chain(addresses(2)).collect();
    assert_eq!(all.len() as u64, 2 * MANY);
}

#[test]
fn a_key_names_an_execution_and_is_its_own() {
    let prefix = KeyPrefix::new(&"p".repeat(40)).unwrap();
    let generator = Generator::new(u64::MAX, Share::default(), Share::default(), Some(prefix));
    let key = generator.submission(u64::MAX).key.unwrap();
    assert!(key.len() <= 80, "{key}");
    let prefix = KeyPrefix::new("load").unwrap();
    let generator = Generator::new(37, Share::default(), Share::default(), Some(prefix));
    assert_eq!(generator.submission(12).key.as_deref(), Some("load-11-12"));
    for rubbish in ["", "a b", "ä", "a/b", "p:", &"p".repeat(41)] {
        assert!(KeyPrefix::new(rubbish).is_err(), "{rubbish:?}");
    }
}

#[test]
fn a_record_is_the_fields_and_the_key() {
    let mut submission = Submission {
        number: 1,
        kind: Kind::Valid,
        fields: Fields {
            user_name: Some("Ada".to_owned()),
            email: None,
            pincode: Some("0305".to_owned()),
        },
        key: None,
    };
    let text = |submission: &Submission| serde_json::to_string(&Record::from(submission)).unwrap();
    assert_eq!(text(&submission), r#"{"user_name":"Ada","pincode":"0305"}"#);
    submission.key = Some("k-1".to_owned());
    assert_eq!(
        text(&submission),
        r#"{"user_name":"Ada","pincode":"0305","submission_id":"k-1"}"#
    );
}

#[test]
fn a_share_is_a_part() {
    for rubbish in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        assert!(Share::new(rubbish).is_err(), "{rubbish}");
    }
}
