//! Fields that break their rules, each in a way that somebody has broken one. `None` is a field that is missing.

use fastrand::Rng;

use super::good::{self, Name, digits};

/// The number of ways in which [`email`] goes wrong.
const EMAILS: usize = 15;

/// The number of ways in which [`pincode`] goes wrong.
const PINCODES: usize = 11;

pub(super) fn email(random: &mut Rng, name: &Name, unique: &str) -> Option<String> {
    let way = random.usize(..EMAILS);
    let local = format!("{}{unique}", good::ascii(name));
    Some(match way {
        0 => return None,
        1 => String::new(),
        2 => format!("{local}.example.com"),
        3 => format!("{}{local}@example.com", random.digit(10)),
        4 => format!("{local}@example.org"),
        5 => format!("{local}@mail.example.com"),
        6 => format!("{local}+news@example.com"),
        7 => format!("{}.{unique}@example.com", good::ascii(name)),
        8 => format!("{local}@example.com "),
        9 => format!("{local}@@example.com"),
        10 => format!("é{local}@example.com"),
        11 => format!("{local}@example.COM"),
        12 => format!("{local}@example.com\n"),
        13 => format!("{local}@.com"),
        _ => format!("{}{local}@example.com", "a".repeat(254)),
    })
}

pub(super) fn pincode(random: &mut Rng) -> Option<String> {
    let way = random.usize(..PINCODES);
    let short = random.usize(1..=3);
    let long = random.usize(7..=12);
    Some(match way {
        0 => return None,
        1 => String::new(),
        2 => digits(random, short),
        3 => digits(random, long),
        4 => format!("{}a", digits(random, 4)),
        5 => format!("{} {}", digits(random, 2), digits(random, 2)),
        6 => format!("-{}", digits(random, 4)),
        7 => format!("{}\n", digits(random, 4)),
        8 => format!("{}.0", digits(random, 4)),
        9 => "１２３４".to_owned(),
        _ => "pincode".to_owned(),
    })
}
