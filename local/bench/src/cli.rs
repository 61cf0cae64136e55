//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Measures `sluice` under load, on the machine that runs this.
///
/// Starts the binary beside this one on directories of its own and prints one line a figure. Every figure is of finished, durable
/// work: a submission counts when its end was read back. The machine's floor is measured first, so that rates can be read
/// as ratios to what this machine could do at all in this very run.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Exit status: 0 when all figures were taken, else 1 with the reason."
)]
pub(crate) struct Cli {
    /// The parts to measure, in the order of --list [default: all but approvals and hold]
    #[arg(value_enum, value_name = "PART")]
    parts: Vec<Part>,
    /// Only say which parts there are, and what each measures
    #[arg(long)]
    pub(crate) list: bool,
    /// Put the load of the part `url` on another server as well: a PUT of a JSON document to this URL, which is to be
    /// answered with 2xx; at most 30 s for each figure; may be repeated
    #[arg(long = "peer", value_name = "NAME=URL", value_parser = peer)]
    pub(crate) peers: Vec<Peer>,
    /// Multiply the number of requests of each figure: 0.1 for a quick look
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = factor)]
    pub(crate) scale: f64,
    /// The number of executions that the part `parked` parks
    #[arg(long, value_name = "N", default_value_t = 100_000, env = "SLUICE_BENCH_PARKED")]
    pub(crate) parked: usize,
    /// The number of approvals that are open in the part `approvals`
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) approvals: usize,
    /// The rate that the part `hold` offers, in submissions a second
    #[arg(long, value_name = "N", default_value_t = 250.0, value_parser = rate)]
    pub(crate) rate: f64,
    /// For how many seconds the part `hold` offers it
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(crate) seconds: u32,
    /// The quotas that hold in the part `hold`: aws, aws-small or new-account [default: none]
    #[arg(long, value_name = "PROFILE")]
    pub(crate) quotas: Option<String>,
    /// Seconds that each submission of the part `hold` may wait for its end (`Prefer: wait=N`) [default: the stack's]
    #[arg(long, value_name = "N")]
    pub(crate) wait: Option<u32>,
    /// The directory for data and for measuring the disk's floor [default: the system's temporary directory]
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
}

/// A part of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The machine's floor: HTTP exchanges over the loopback with a server that does nothing, and syncs of the disk
    Floor,
    /// From `exec` to the first answered call, and the memory of a stack that has nothing to do
    Start,
    /// StartExecution to the end of the execution, one at a time and with 32 clients
    Workflow,
    /// PUT on the function URL until it says 201, one at a time and with 32 clients
    Url,
    /// Conditional PutItem and GetItem through the endpoint, and the processor time that each takes
    Tables,
    /// Executions that wait for a token: their memory, a restart with them, and their ends
    Parked,
    /// Open approvals: their page, one decision about all of them, and the same with three kills in the middle
    Approvals,
    /// A rate of submissions for some minutes, under quotas if --quotas says so, and what became of each
    Hold,
}

/// Another server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Peer {
    /// The name of its figures.
    pub(crate) name: String,
    /// Its address.
    pub(crate) url: String,
}

impl Cli {
    /// Returns true if a part is to be measured. With peers alone, of the parts only the floor is.
    pub(crate) fn wants(&self, part: Part) -> bool {
        match self.parts.is_empty() {
            true if matches!(part, Part::Approvals | Part::Hold) => false,
            true => self.peers.is_empty() || part == Part::Floor,
            false => self.parts.contains(&part),
        }
    }

    /// A number of requests, scaled.
    pub(crate) fn scaled(&self, count: usize) -> usize {
        ((count as f64 * self.scale) as usize).max(1)
    }

    /// Returns the directory in which files may be made.
    pub(crate) fn directory(&self) -> PathBuf {
        self.directory.clone().unwrap_or_else(std::env::temp_dir)
    }
}

fn peer(text: &str) -> Result<Peer, String> {
    let example = "it is NAME=URL, for example other=http://127.0.0.1:4599/submit";
    let (name, url) = text.split_once('=').ok_or(example)?;
    let authority = url.strip_prefix("http://").and_then(|rest| rest.split('/').next());
    match authority {
        Some(authority) if !name.is_empty() && !authority.is_empty() => Ok(Peer {
            name: name.to_owned(),
            url: url.to_owned(),
        }),
        _ => Err(format!(
            "the URL must begin with http://, since the load speaks plain HTTP; {example}"
        )),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.1..=100_000.0).contains(&rate) => Ok(rate),
        _ => Err("it is a number of submissions a second, 0.1 to 100,000".to_owned()),
    }
}

fn factor(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(factor) if factor > 0.0 && factor <= 100.0 => Ok(factor),
        _ => Err("it is a number above 0, at most 100".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn parts_are_wanted_as_the_words_say() {
        let check = |words: &[&str], expected: &[Part]| {
            let cli = Cli::try_parse_from([&["sluice-bench"], words].concat()).expect("parses");
            let wanted: Vec<Part> = Part::value_variants()
                .iter()
                .copied()
                .filter(|part| cli.wants(*part))
                .collect();
            assert_eq!(wanted, expected, "{words:?}");
        };
        let all = Part::value_variants();
        check(&[], &all[..all.len() - 2]);
        check(&["hold"], &[Part::Hold]);
        check(&["tables", "url"], &[Part::Url, Part::Tables]);
        check(&["--peer", "other=http://127.0.0.1:1/"], &[Part::Floor]);
        check(&["url", "--peer", "other=http://127.0.0.1:1/"], &[Part::Url]);
    }

    #[test]
    fn a_peer_is_a_name_and_an_http_url() {
        let named = |name: &str, url: &str| {
            Some(Peer {
                name: name.to_owned(),
                url: url.to_owned(),
            })
        };
        for (text, expected) in [
            ("a=http://h:1", named("a", "http://h:1")),
            ("a=http://h:1/x?y=z", named("a", "http://h:1/x?y=z")),
            ("http://h:1", None),
            ("=http://h:1", None),
            ("a=https://h:1", None),
            ("a=http:///x", None),
            ("a", None),
        ] {
            assert_eq!(peer(text).ok(), expected, "{text}");
        }
    }
}
