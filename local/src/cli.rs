//! The command line.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use sluice_cloud::QuotaProfile;

use crate::audit::AuditAction;
pub(crate) use crate::client::Endpoint;
use crate::clock::ClockAction;
use crate::commands::completions::Completions;
use crate::commands::decide::{Approve, Reject, Repair};
use crate::commands::draw::Draw;
use crate::commands::executions::Executions;
use crate::commands::history::History;
use crate::commands::inbox::Inbox;
use crate::commands::logs::Logs;
use crate::commands::open::Open;
use crate::commands::outputs::Outputs;
use crate::commands::show::Show;
use crate::commands::submissions::Submissions;
use crate::commands::submit::Submit;
use crate::commands::validate::Validate;
use crate::parameter;

/// The end of the help: a first round, and where to read on.
const AFTER_HELP: &str = "\
Examples:
  sluice                                      # the stack of this checkout, until Ctrl-C
  sluice up --template my-stack.yaml          # a stack of your own, or what `cdk synth` wrote
  sluice submit user_name=Ada email=ada@example.com pincode=3055
  sluice submissions
  sluice show 0198f2a0

Commands ask the `sluice up` at AWS_ENDPOINT_URL, or else at http://127.0.0.1:4566; most print JSON with --json.
Documentation: README.md and local/README.md of the source, and the console of a running `sluice up` (`sluice open`).";

/// Runs Sluice's stacks on one machine: functions, state machine, tables, topic and console. No AWS account needed.
///
/// Without a command: `up`.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) up: Up,
}

/// The subcommands of `sluice`.
#[allow(clippy::large_enum_variant)] // there is one of it in a process
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build the function binaries, read the templates and serve the stack until Ctrl-C
    Up(Up),
    /// Send fields to the running stack, as its form would
    Submit(Submit),
    /// List what came in, newest first, with what became of it
    Submissions(Submissions),
    /// List executions of all state machines, newest first
    Executions(Executions),
    /// Show an execution as a tree of its states, with times
    Show(Show),
    /// Print the events of an execution
    History(History),
    /// Approve a submission that waits, by the link and code of its mail
    Approve(Approve),
    /// Reject a submission that waits, by the link and code of its mail
    Reject(Reject),
    /// Approve a submission with changed fields, by the link and code of its mail
    Repair(Repair),
    /// Read the mails that the stack sent, which lie on this machine
    Inbox(Inbox),
    /// Print the lines that functions wrote, and follow them
    Logs(Logs),
    /// Print the stacks' outputs, also for a shell
    Outputs(Outputs),
    /// Open the console, the form or an execution in the browser
    Open(Open),
    /// Draw a state machine as SVG
    Draw(Draw),
    /// Check definitions and templates without running them
    Validate(Validate),
    /// Say how a running `sluice up` stands: exit code 0 ready, 1 degraded or failed, 2 not reachable
    Status(StatusOptions),
    /// Look at or advance the clock of a running `sluice up`
    Clock {
        #[command(subcommand)]
        action: ClockAction,
    },
    /// Check the audit of an approval
    Audit {
        #[command(subcommand)]
        action: AuditAction,
    },
    /// Look at a data directory on which nothing runs: exit code 0, it is whole; 1, it is damaged; 2, it cannot be looked at
    Check {
        /// The data directory
        directory: PathBuf,
        /// Print what was found as JSON
        #[arg(long)]
        json: bool,
    },
    /// Copy a data directory, which may be in use, and verify the copy
    Backup {
        /// The data directory
        directory: PathBuf,
        /// The copy: a directory that is not there yet
        to: PathBuf,
        /// Print what was copied as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the script with which a shell completes these words
    Completions(Completions),
    /// Make the evaluations that a running `sluice up` asks for on standard input
    #[command(hide = true)]
    Evaluate,
}

/// Options of `sluice status`.
#[derive(Debug, Args)]
pub(crate) struct StatusOptions {
    /// As JSON, as `/health` answers it
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) endpoint: Endpoint,
}

/// Options of `sluice up`.
#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Directory for executions, entries, mails and logs [default: .sluice in the checkout]
    #[arg(long, value_name = "DIR", env = "SLUICE_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// Address of the AWS endpoint and the console; function URLs take the ports after it (port 0: any free ones)
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:4566", value_parser = address)]
    pub(crate) listen: SocketAddr,
    /// A stack to run: cfn/NAME.yaml of the checkout; may be repeated [default: workflow]
    #[arg(long = "stack", value_enum, value_name = "NAME")]
    pub(crate) stacks: Vec<StackChoice>,
    /// A parameter, for each stack that has it, as `aws cloudformation deploy --parameter-overrides` takes it; may be repeated
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = parameter::parse)]
    pub(crate) parameters: Vec<(String, String)>,
    /// A template of your own instead of the stacks of the checkout
    #[arg(long, value_name = "FILE", conflicts_with = "stacks")]
    pub(crate) template: Option<PathBuf>,
    /// Name of the workflow stack, and the beginning of the others': NAME-dashboard and NAME-load
    #[arg(long, value_name = "NAME", default_value = "sluice")]
    pub(crate) stack_name: String,
    /// Take built function binaries from DIR (DIR/name or DIR/name/bootstrap) instead of building them
    #[arg(long, value_name = "DIR")]
    pub(crate) functions: Option<PathBuf>,
    /// Send invocations of functions that no template declares to this Lambda endpoint
    #[arg(long, value_name = "URL")]
    pub(crate) lambda_endpoint: Option<String>,
    /// Another name under which this machine is addressed, such as a tunnel's; one that begins with a dot stands for all
    /// names under it; may be repeated
    #[arg(
        long = "allow-host",
        value_name = "NAME",
        env = "SLUICE_ALLOW_HOST",
        value_delimiter = ','
    )]
    pub(crate) allowed_hosts: Vec<String>,
    /// A host besides this machine that state machines may call by http:invoke; one that begins with a dot stands for all names
    /// under it; may be repeated
    #[arg(
        long = "http-host",
        value_name = "NAME",
        env = "SLUICE_HTTP_HOST",
        value_delimiter = ','
    )]
    pub(crate) http_hosts: Vec<String>,
    /// Take results of tasks from a file, in the format of Step Functions Local's MockConfigFile.json: an execution that is
    /// started as STATE_MACHINE_ARN#TEST_CASE gets those of the test case
    #[arg(long, value_name = "FILE", env = "SLUICE_MOCKS")]
    pub(crate) mocks: Option<PathBuf>,
    /// Print no line for each execution that waits or has ended, and for each mail
    #[arg(long, short, env = "SLUICE_QUIET", value_parser = FalseyValueParser::new())]
    pub(crate) quiet: bool,
    /// Time for which executions are kept after their end, and mails and function logs (15m, 12h, 30d), by the engine's clock; a
    /// mail whose link is still to be followed must not be older
    #[arg(long, value_name = "DURATION", env = "SLUICE_KEEP", default_value = "90d", value_parser = keep)]
    pub(crate) keep: Duration,

    /// Send mails for real, through an SMTP server: smtp://HOST:PORT, smtp://USER:PASSWORD@HOST:587?tls=required or
    /// smtps://USER:PASSWORD@HOST. They are in the inbox all the same, with what became of sending them
    #[arg(long, value_name = "URL", env = "SLUICE_SMTP", hide_env_values = true)]
    pub(crate) smtp: Option<String>,
    /// The sender of those mails
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "SLUICE_SMTP_FROM",
        default_value = "Sluice <sluice@localhost>"
    )]
    pub(crate) smtp_from: String,
    /// Hold AWS's quotas too: aws (us-east-1, us-west-2, eu-west-1), aws-small (other regions) or new-account. Calls beyond them
    /// are throttled, and subscriptions suspended, as AWS would do.
    #[arg(long, value_name = "PROFILE", env = "SLUICE_QUOTAS")]
    pub(crate) quotas: Option<QuotaProfile>,
    /// The region that ARNs and functions see
    #[arg(long, value_name = "REGION", default_value = "us-east-1")]
    pub(crate) region: String,
}

/// The stacks of the checkout, in the order in which one needs the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum StackChoice {
    /// Functions, state machine, tables and topic
    Workflow,
    /// The CloudWatch dashboard
    Dashboard,
    /// Pingers that send submissions until the stack deletes itself
    Load,
}

impl StackChoice {
    /// The name of its template without the ending.
    pub(crate) fn file_stem(self) -> &'static str {
        match self {
            Self::Workflow => "workflow",
            Self::Dashboard => "dashboard",
            Self::Load => "load",
        }
    }

    /// The stack's name, as `cfn/deploy` gives it.
    pub(crate) fn stack_name(self, workflow: &str) -> String {
        match self {
            Self::Workflow => workflow.to_owned(),
            Self::Dashboard | Self::Load => format!("{workflow}-{}", self.file_stem()),
        }
    }
}

/// An address, or a name that stands for one; of several, one of IPv4, which the URLs that are printed can name.
fn address(text: &str) -> Result<SocketAddr, String> {
    let wanted = "give HOST:PORT, for example 127.0.0.1:4566 or localhost:4566";
    let found: Vec<SocketAddr> = match text.to_socket_addrs() {
        Ok(found) => found.collect(),
        Err(error) => return Err(format!("'{text}' is no address ({error}); {wanted}")),
    };
    let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
    first
        .copied()
        .ok_or_else(|| format!("'{text}' stands for no address; {wanted}"))
}

/// Parses a retention time. With none at all an execution would be gone before anybody has seen how it ended.
fn keep(text: &str) -> Result<Duration, String> {
    let wanted = "give a duration of at least a second, for example 90d, 12h or 15m";
    match humantime::parse_duration(text) {
        Ok(keep) if keep >= Duration::from_secs(1) => Ok(keep),
        Ok(_) => Err(format!("'{text}' is too short; {wanted}")),
        Err(error) => Err(format!("'{text}' is no duration ({error}); {wanted}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn up_is_the_default_command() {
        let cli = Cli::try_parse_from(["sluice", "--listen", "127.0.0.1:0", "--parameter", "A=b=c"]).expect("parses");
        assert!(cli.command.is_none());
        assert_eq!(cli.up.parameters, [("A".to_owned(), "b=c".to_owned())]);
    }

    #[test]
    fn stacks_are_called_as_deploying_calls_them() {
        let cli = Cli::try_parse_from([
            "sluice",
            "up",
            "--stack",
            "load",
            "--stack",
            "workflow",
            "--stack",
            "dashboard",
        ]);
        let Some(Command::Up(up)) = cli.expect("parses").command else {
            panic!("up");
        };
        let mut stacks = up.stacks;
        stacks.sort_unstable();
        let names: Vec<String> = stacks.iter().map(|stack| stack.stack_name("s")).collect();
        assert_eq!(names, ["s", "s-dashboard", "s-load"]);
    }

    #[test]
    fn a_template_of_ones_own_takes_the_place_of_stacks() {
        for arguments in [
            ["--stack", "all"].as_slice(),
            &["--stack", "load", "--template", "t.yaml"],
        ] {
            let all = ["sluice"].iter().chain(arguments);
            assert!(Cli::try_parse_from(all).is_err(), "{arguments:?}");
        }
    }

    #[test]
    fn an_address_may_be_a_name() {
        let check = |text: &str, expected: Option<&str>| {
            let found = Cli::try_parse_from(["sluice", "--listen", text]).map(|cli| cli.up.listen.to_string());
            match expected {
                Some(address) => assert_eq!(found.as_deref().ok(), Some(address), "{text}"),
                None => assert!(found.expect_err(text).to_string().contains("HOST:PORT"), "{text}"),
            }
        };
        check("127.0.0.1:0", Some("127.0.0.1:0"));
        check("[::1]:4566", Some("[::1]:4566"));
        check("localhost:4566", Some("127.0.0.1:4566"));
        check("4566", None);
        check("127.0.0.1", None);
        check("127.0.0.1:70000", None);
    }

    #[test]
    fn executions_are_kept_as_on_aws_unless_told_otherwise() {
        let check = |arguments: &[&str], expected: Option<u64>| {
            let all = ["sluice"].iter().chain(arguments);
            let found = Cli::try_parse_from(all).map(|cli| cli.up.keep.as_secs());
            match expected {
                Some(seconds) => assert_eq!(found.ok(), Some(seconds), "{arguments:?}"),
                None => assert!(found.expect_err("refused").to_string().contains("90d"), "{arguments:?}"),
            }
        };
        check(&[], Some(90 * 86_400));
        check(&["--keep", "5m"], Some(300));
        check(&["--keep", "1s"], Some(1));
        for refused in ["0s", "10ms", "5", "soon", "-5m"] {
            check(&[&format!("--keep={refused}")], None);
        }
    }

    #[test]
    fn parameters_without_a_value_are_refused() {
        for text in ["A", "=b", ""] {
            let error = Cli::try_parse_from(["sluice", "up", "--parameter", text]).expect_err("refused");
            assert!(error.to_string().contains("KEY=VALUE"), "{error}");
        }
    }
}
