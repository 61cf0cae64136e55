//! Fields that match their rules: `workflows/schemas/`.

use fastrand::Rng;

/// As written, and in the letters that an e-mail address may have.
const GIVEN: [(&str, &str); 24] = [
    ("Ada", "ada"),
    ("Grace", "grace"),
    ("Rishabh", "rishabh"),
    ("Priya", "priya"),
    ("Zoë", "zoe"),
    ("José", "jose"),
    ("Łukasz", "lukasz"),
    ("Søren", "soren"),
    ("Amélie", "amelie"),
    ("Jürgen", "juergen"),
    ("Þóra", "thora"),
    ("Željka", "zeljka"),
    ("Олена", "olena"),
    ("Νίκος", "nikos"),
    ("محمد", "mohammed"),
    ("יעל", "yael"),
    ("आरव", "aarav"),
    ("明", "ming"),
    ("さくら", "sakura"),
    ("민준", "minjun"),
    ("Nguyễn", "nguyen"),
    ("Aoife", "aoife"),
    ("Chidi", "chidi"),
    ("D'Arcy", "darcy"),
];

const FAMILY: [&str; 20] = [
    "Lovelace",
    "Hopper",
    "Singh",
    "O'Neill",
    "García Márquez",
    "Nowak",
    "Kierkegaard",
    "Dubois",
    "Müller-Lüdenscheidt",
    "Jónsdóttir",
    "Kovačić",
    "Шевченко",
    "Παπαδόπουλος",
    "العربي",
    "शर्मा",
    "王",
    "田中",
    "김",
    "Okafor",
    "van der Berg",
];

/// A given name, which both the name and the address begin with.
pub(super) struct Name {
    written: &'static str,
    ascii: &'static str,
}

impl Name {
    pub(super) fn random(random: &mut Rng) -> Self {
        let (written, ascii) = *pick(random, &GIVEN);
        Name { written, ascii }
    }
}

/// A name: mostly a given and a family name, now and then one at the edge of the rule.
pub(super) fn user_name(random: &mut Rng, name: &Name) -> String {
    let family = *pick(random, &FAMILY);
    match random.u8(0..100) {
        0..80 => format!("{} {family}", name.written),
        80..88 => name.written.to_owned(),
        88..93 => format!("Dr. {} {}. {family}", name.written, random.uppercase()),
        93..95 => format!("  {} ", name.written),
        95..97 => format!("{} 🦀 <{family}> & \"Co\"", name.written),
        97..99 => family.chars().take(1).collect(),
        _ => name.written.chars().cycle().take(256).collect(),
    }
}

/// An address that ends in `unique` before the @.
pub(super) fn email(random: &mut Rng, name: &Name, unique: &str) -> String {
    const LONGEST: usize = 254;
    let given = cased(random, name.ascii);
    let domain = cased(random, "example");
    let rest = unique.len() + domain.len() + "@.com".len();
    let local = match random.u8(0..100) {
        0..96 => given,
        96..98 => letter(random).to_string(),
        _ => {
            let letters = std::iter::repeat_with(|| random.alphanumeric());
            given.chars().chain(letters).take(LONGEST - rest).collect()
        }
    };
    format!("{local}{unique}@{domain}.com")
}

/// 4 to 6 digits.
pub(super) fn pincode(random: &mut Rng) -> String {
    let count = random.usize(4..=6);
    digits(random, count)
}

pub(super) fn digits(random: &mut Rng, count: usize) -> String {
    std::iter::repeat_with(|| random.digit(10)).take(count).collect()
}

pub(super) fn ascii(name: &Name) -> &'static str {
    name.ascii
}

/// Upper or lower case makes no other address, so `unique` stays unique.
fn cased(random: &mut Rng, word: &str) -> String {
    match random.u8(0..10) {
        0 => word.to_ascii_uppercase(),
        1 => word
            .char_indices()
            .map(|(place, letter)| {
                if place == 0 {
                    letter.to_ascii_uppercase()
                } else {
                    letter
                }
            })
            .collect(),
        _ => word.to_owned(),
    }
}

fn letter(random: &mut Rng) -> char {
    random.alphabetic()
}

fn pick<'a, T>(random: &mut Rng, list: &'a [T]) -> &'a T {
    &list[random.usize(..list.len())]
}
