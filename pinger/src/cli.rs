//! The options, on the command line or in the environment.

use std::io::IsTerminal as _;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, CommandFactory as _, FromArgMatches as _, Parser};

use crate::pacer::{Batching, Rate, Schedule};
use crate::run::Plan;
use crate::submission::{Generator, KeyPrefix, Share};
use crate::transport::{Encoding, Preference, Stream, Url};

/// The most requests on their way at once that can be asked for: a connection each.
const MOST_AT_ONCE: i64 = 60_000;

const AFTER_HELP: &str = "\
A submission is due at a fixed time, whatever the target does (an open loop). Its latency counts from that time, so a
target that stalls shows it in the percentiles; \"service\" counts from when it was sent. Without --duration and --count
the run goes on until SIGTERM or Ctrl-C, which end it with its summary; a second one ends it at once.

For --stream, region, credentials and endpoint come from where AWS's tools look for them: AWS_REGION, AWS_PROFILE, the
task's role, AWS_ENDPOINT_URL_KINESIS, ... A record is JSON: {\"user_name\", \"email\", \"pincode\", \"submission_id\"}, the
last with --idempotency-key-prefix only.

An option on the command line counts before a variable; an empty variable counts as not set.

Examples:
  pinger http://127.0.0.1:4567/ --rate 50 --duration 1m
  pinger http://127.0.0.1:4567/ --count 1000 --partial 10% --invalid 5% --json
  pinger --stream sluice-load --rate 500

Exit status:
  0  the run went to its end, or was ended by a signal; the summary says what came back
  1  the target cannot be reached, or nothing but errors came back
  2  the options are wrong";

/// Sends random submissions to a function URL or a Kinesis stream at a steady rate, and says what came back and how long
/// it took.
#[derive(Debug, Clone, Parser)]
#[command(name = "pinger", version, allow_negative_numbers = true, after_help = AFTER_HELP)]
pub struct Cli {
    /// Send to this function URL, as --url says it
    #[arg(value_name = "URL", value_parser = Url::new, help_heading = "Target")]
    target: Option<Url>,

    /// Send to this function URL (http or https)
    #[arg(long, env = "PINGER_URL", value_parser = Url::new, help_heading = "Target")]
    url: Option<Url>,

    /// Send to this Kinesis stream (name or ARN), as records
    #[arg(long, env = "PINGER_STREAM", value_name = "STREAM", value_parser = Stream::new, help_heading = "Target")]
    stream: Option<Stream>,

    /// Submissions per second
    #[arg(long, env = "PINGER_RATE", default_value = "1", value_parser = rate, help_heading = "Load")]
    rate: Rate,

    /// End after this time: 20s, 5m, 1h 30m
    #[arg(long, env = "PINGER_DURATION", value_name = "TIME", value_parser = duration, help_heading = "Load")]
    duration: Option<Duration>,

    /// End after this many submissions
    #[arg(long, env = "PINGER_COUNT", value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Load")]
    count: Option<u64>,

    /// The most requests on their way at once; what is due beyond that waits, and its latency counts the wait
    #[arg(long, env = "PINGER_CONCURRENCY", value_name = "N", default_value = "256",
          value_parser = clap::value_parser!(u32).range(1..=MOST_AT_ONCE), help_heading = "Load")]
    concurrency: u32,

    /// The share with exactly one of e-mail and pincode wrong, as 0.1 or 10%
    #[arg(long, env = "PINGER_PARTIAL", value_name = "SHARE", default_value = "0", value_parser = share, help_heading = "Submissions")]
    partial: Share,

    /// The share with both e-mail and pincode wrong
    #[arg(long, env = "PINGER_INVALID", value_name = "SHARE", default_value = "0", value_parser = share, help_heading = "Submissions")]
    invalid: Share,

    /// Makes the submissions repeatable: the same seed, shares and number give the same one [default: random]
    #[arg(long, env = "PINGER_SEED", value_name = "N", help_heading = "Submissions")]
    seed: Option<u64>,

    /// Give each submission a key of its own, PREFIX-SEED-NUMBER: as Idempotency-Key, or as submission_id of a record
    #[arg(long, env = "PINGER_IDEMPOTENCY_KEY_PREFIX", value_name = "PREFIX", value_parser = KeyPrefix::new, help_heading = "Submissions")]
    idempotency_key_prefix: Option<KeyPrefix>,

    /// Encoding of the fields: json (PUT), form (POST) or query (PUT)
    #[arg(long, env = "PINGER_ENCODING", value_enum, help_heading = "HTTP")]
    encoding: Option<Encoding>,

    /// Ask the target to wait up to N seconds for the end of a submission (Prefer: wait=N)
    #[arg(long, env = "PINGER_WAIT", value_name = "N", help_heading = "HTTP")]
    wait: Option<u32>,

    /// Ask the target not to wait for the end (Prefer: respond-async)
    #[arg(long, env = "PINGER_RESPOND_ASYNC", value_parser = FalseyValueParser::new(), help_heading = "HTTP")]
    respond_async: bool,

    /// The most records in one PutRecords (1 to 500) [default: 500]
    #[arg(long, env = "PINGER_BATCH", value_name = "N", value_parser = clap::value_parser!(u64).range(1..=500), help_heading = "Kinesis")]
    batch: Option<u64>,

    /// The longest that a record waits for others to fill its batch; its latency counts the wait [default: 100ms]
    #[arg(long, env = "PINGER_LINGER", value_name = "TIME", value_parser = duration_or_zero, help_heading = "Kinesis")]
    linger: Option<Duration>,

    /// Give a request up after this time
    #[arg(long, env = "PINGER_TIMEOUT", value_name = "TIME", default_value = "30s", value_parser = duration, help_heading = "Run")]
    timeout: Duration,

    /// Time that the end of --duration, or a signal, waits for what is on its way
    #[arg(long, env = "PINGER_GRACE", value_name = "TIME", default_value = "10s", value_parser = duration_or_zero, help_heading = "Run")]
    grace: Duration,

    /// Tell the progress this often [default: 1s on a terminal, else 10s]
    #[arg(long, env = "PINGER_PROGRESS_EVERY", value_name = "TIME", value_parser = duration, help_heading = "Run")]
    progress_every: Option<Duration>,

    /// Tell no progress
    #[arg(long, env = "PINGER_QUIET", value_parser = FalseyValueParser::new(), help_heading = "Run")]
    quiet: bool,

    /// Print the summary as JSON
    #[arg(long, env = "PINGER_JSON", value_parser = FalseyValueParser::new(), help_heading = "Run")]
    json: bool,
}

/// The target of the submissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// To a URL.
    Url(Url, Encoding, Preference),
    /// Into a stream.
    Stream(Stream),
}

/// The run that the options describe.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The target of the submissions.
    pub target: Target,
    /// The schedule.
    pub plan: Plan,
    /// The submissions.
    pub generator: Generator,
    /// The longest that a request may take.
    pub timeout: Duration,
    /// The form of the progress reports.
    pub progress: ProgressStyle,
    /// True if the summary is JSON.
    pub json: bool,
}

/// The form of the progress reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressStyle {
    /// Not at all.
    Silent,
    /// One line that is written over.
    Live,
    /// A line each time.
    Lines,
}

impl Settings {
    /// Reads the options of this process.
    ///
    /// # Errors
    /// clap's, which knows what to print and the exit status. Also for `--help` and `--version`.
    pub fn from_process() -> Result<Self, clap::Error> {
        let mut command = without_empty_variables(Cli::command());
        let matches = command.try_get_matches_from_mut(std::env::args_os())?;
        Self::from_matches(&matches).map_err(|error| match error {
            Mistake::Clap(error) => error.format(&mut command),
            Mistake::Words(words) => command.error(ErrorKind::ArgumentConflict, words),
        })
    }

    fn from_matches(matches: &ArgMatches) -> Result<Self, Mistake> {
        let mut cli = Cli::from_arg_matches(matches).map_err(Mistake::Clap)?;
        prefer_command_line(&mut cli, matches)?;
        if cli.partial.part() + cli.invalid.part() > 1.0 + f64::EPSILON {
            return Err(Mistake::Words(
                "--partial and --invalid are more than the whole together",
            ));
        }
        let target = target(&cli)?;
        let batching = match target {
            Target::Url(..) => Batching::NONE,
            Target::Stream(_) => Batching {
                most: cli.batch.unwrap_or(500),
                linger: cli.linger.unwrap_or(Duration::from_millis(100)),
            },
        };
        let is_terminal = std::io::stderr().is_terminal();
        let every = Duration::from_secs(if is_terminal { 1 } else { 10 });
        let seed = cli.seed.unwrap_or_else(|| fastrand::u64(..));
        Ok(Settings {
            target,
            plan: Plan {
                schedule: Schedule {
                    rate: cli.rate,
                    count: cli.count,
                    duration: cli.duration,
                },
                batching,
                concurrency: cli.concurrency as usize,
                grace: cli.grace,
                progress_every: cli.progress_every.unwrap_or(every),
            },
            generator: Generator::new(seed, cli.partial, cli.invalid, cli.idempotency_key_prefix),
            timeout: cli.timeout,
            progress: match (cli.quiet, is_terminal) {
                (true, _) => ProgressStyle::Silent,
                (false, true) => ProgressStyle::Live,
                (false, false) => ProgressStyle::Lines,
            },
            json: cli.json,
        })
    }
}

/// A fault of the options.
#[derive(Debug)]
enum Mistake {
    Clap(clap::Error),
    Words(&'static str),
}

/// A template that has no value for a variable sets it to nothing.
fn without_empty_variables(command: Command) -> Command {
    command.mut_args(|argument| {
        let is_empty = argument
            .get_env()
            .and_then(std::env::var_os)
            .is_some_and(|value| value.is_empty());
        if is_empty { argument.env(None) } else { argument }
    })
}

/// Of two options that exclude each other, one on the command line counts before one in the environment.
fn prefer_command_line(cli: &mut Cli, matches: &ArgMatches) -> Result<(), Mistake> {
    let is_typed = |name| matches.value_source(name) == Some(ValueSource::CommandLine);
    let has_argument = cli.target.is_some();
    if let Some(url) = cli.target.take() {
        if is_typed("url") {
            return Err(Mistake::Words("the URL is given twice, with --url and without"));
        }
        cli.url = Some(url);
    }
    if cli.url.is_some() && cli.stream.is_some() {
        match (has_argument || is_typed("url"), is_typed("stream")) {
            (true, false) => cli.stream = None,
            (false, true) => cli.url = None,
            (true, true) | (false, false) => {
                return Err(Mistake::Words(
                    "--url (PINGER_URL) and --stream (PINGER_STREAM) exclude each other",
                ));
            }
        }
    }
    if cli.wait.is_some() && cli.respond_async {
        match (is_typed("wait"), is_typed("respond_async")) {
            (true, false) => cli.respond_async = false,
            (false, true) => cli.wait = None,
            (true, true) | (false, false) => {
                return Err(Mistake::Words(
                    "--wait (PINGER_WAIT) and --respond-async (PINGER_RESPOND_ASYNC) exclude each other",
                ));
            }
        }
    }
    Ok(())
}

fn target(cli: &Cli) -> Result<Target, Mistake> {
    let for_http = cli.encoding.is_some() || cli.wait.is_some() || cli.respond_async;
    let for_kinesis = cli.batch.is_some() || cli.linger.is_some();
    let preference = match (cli.wait, cli.respond_async) {
        (Some(seconds), _) => Preference::Wait(seconds),
        (None, true) => Preference::RespondAsync,
        (None, false) => Preference::None,
    };
    match (&cli.url, &cli.stream) {
        (Some(_), _) if for_kinesis => Err(Mistake::Words("--batch and --linger are for --stream only")),
        (Some(url), _) => Ok(Target::Url(url.clone(), cli.encoding.unwrap_or_default(), preference)),
        (None, Some(_)) if for_http => Err(Mistake::Words(
            "--encoding, --wait and --respond-async are for --url only",
        )),
        (None, Some(stream)) => Ok(Target::Stream(stream.clone())),
        (None, None) => Err(Mistake::Words(
            "no target: give a URL (PINGER_URL) or --stream STREAM (PINGER_STREAM)",
        )),
    }
}

fn rate(text: &str) -> Result<Rate, &'static str> {
    Rate::new(text.trim().parse().unwrap_or(f64::NAN))
}

fn share(text: &str) -> Result<Share, &'static str> {
    let text = text.trim();
    match text.strip_suffix('%') {
        Some(percent) => Share::new(percent.trim().parse().unwrap_or(f64::NAN) / 100.0),
        None => Share::new(text.parse().unwrap_or(f64::NAN)),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    match duration_or_zero(text)? {
        Duration::ZERO => Err("must be longer than nothing".to_owned()),
        duration => Ok(duration),
    }
}

fn duration_or_zero(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text.trim()).map_err(|error| format!("no time, as 20s or 5m: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Result<Settings, String> {
        let words = std::iter::once("pinger").chain(words.split_whitespace());
        let matches = Cli::command()
            .try_get_matches_from(words)
            .map_err(|error| error.to_string())?;
        Settings::from_matches(&matches).map_err(|error| match error {
            Mistake::Clap(error) => error.to_string(),
            Mistake::Words(words) => words.to_owned(),
        })
    }

    #[test]
    fn the_options_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_option_is_a_variable_too() {
        // the URL alone may stand without its name, and has its variable under it
        for argument in Cli::command()
            .get_arguments()
            .filter(|argument| !argument.is_positional())
        {
            let expected = format!("PINGER_{}", argument.get_id().as_str().to_uppercase());
            assert_eq!(argument.get_env(), Some(expected.as_ref()));
        }
    }

    #[test]
    fn rubbish_is_refused_with_what_is_wanted() {
        for (words, part) in [
            ("", "no target"),
            ("--url http://h --stream s", "exclude each other"),
            ("--url h", "must begin with http://"),
            ("h", "must begin with http://"),
            ("http://h --url http://h", "given twice"),
            ("http://h --stream s", "exclude each other"),
            ("http://h http://i", "unexpected argument"),
            ("--stream s/t", "a stream is a name"),
            ("--url http://h --rate 0", "from 0.001 to 1000000"),
            ("--url http://h --rate fast", "from 0.001 to 1000000"),
            ("--url http://h --duration 5", "no time, as 20s"),
            ("--url http://h --duration 0s", "longer than nothing"),
            ("--url http://h --count 0", "1.."),
            ("--url http://h --concurrency 0", "1..=60000"),
            ("--url http://h --partial 1.5", "from 0 to 1"),
            ("--url http://h --partial 0.6 --invalid 50%", "more than the whole"),
            ("--url http://h --wait 3 --respond-async", "exclude each other"),
            ("--url http://h --batch 3", "for --stream only"),
            ("--stream s --wait 3", "for --url only"),
            ("--stream s --batch 501", "1..=500"),
            ("--url http://h --idempotency-key-prefix a/b", "a key prefix has"),
            ("--url http://h --seed -1", "invalid digit"),
            ("--url http://h --rate -1", "from 0.001 to 1000000"),
            ("--url http://h --encoding xml", "possible values: json, form, query"),
            ("--url http://h --frobnicate", "unexpected argument"),
        ] {
            match parse(words) {
                Ok(settings) => panic!("{words:?} was taken: {settings:?}"),
                Err(error) => assert!(error.contains(part), "{words:?}: {error:?} lacks {part:?}"),
            }
        }
    }

    #[test]
    fn options_become_a_plan() {
        let settings = parse("--url http://h --rate 2.5 --duration 1m30s --count 7 --wait 4 --encoding form").unwrap();
        let url = Url::new("http://h").unwrap();
        assert_eq!(settings.target, Target::Url(url, Encoding::Form, Preference::Wait(4)));
        assert_eq!(settings.plan.batching, Batching::NONE);
        let expected = Schedule {
            rate: Rate::new(2.5).unwrap(),
            count: Some(7),
            duration: Some(Duration::from_secs(90)),
        };
        assert_eq!(settings.plan.schedule, expected);

        let settings = parse("http://h --wait 2").unwrap();
        let url = Url::new("http://h").unwrap();
        assert_eq!(
            settings.target,
            Target::Url(url, Encoding::default(), Preference::Wait(2))
        );

        let arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/s";
        let settings = parse(&format!(
            "--stream {arn} --partial 25% --invalid 0.75 --linger 0s --json"
        ))
        .unwrap();
        assert_eq!(settings.target, Target::Stream(Stream::Arn(arn.to_owned())));
        assert_eq!(
            (settings.plan.batching.most, settings.plan.batching.linger),
            (500, Duration::ZERO)
        );
        assert!(settings.json);
    }

    #[test]
    fn without_a_seed_each_run_has_its_own() {
        let seed = |words: &str| parse(words).unwrap().generator.seed();
        assert_ne!(seed("--url http://h"), seed("--url http://h"));
        assert_eq!(seed("--url http://h --seed 5"), 5);
    }
}
