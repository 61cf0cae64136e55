//! The page that a path names.

use percent_encoding::percent_decode_str;

use super::actions::Action;
use super::problem::Problem;
use super::query::Query;

/// The pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/console`: submissions where a template says what they are, else executions.
    Home,
    /// `/console/submissions`
    Submissions,
    /// `/console/executions`
    Overview,
    /// `/console/executions/{arn}`, `/console/executions?arn=`
    Execution(String),
    /// `/console/approvals`
    Approvals,
    /// `/console/inbox`
    Inbox,
    /// `/console/inbox/{id}`
    Mail(String),
    /// `/console/logs`
    Functions,
    /// `/console/logs/{function}`
    FunctionLogs(String),
    /// `/console/state-machines`
    Machines,
    /// `/console/state-machines/{arn}`, `/console/state-machines?arn=`
    Machine(String),
    /// `/console/map-runs/{arn}`
    MapRun(String),
    /// `/console/alarms`
    Alarms,
    /// `/console/alarms/{name}`
    Alarm(String),
    /// `/console/dashboards`
    Dashboards,
    /// `/console/dashboards/{name}`
    Dashboard(String),
    /// A form, and where it is sent to.
    Action(Action),
}

impl Route {
    /// Reads the path of a request, still percent-encoded, and `arn` of its query. A slash at the end changes nothing.
    ///
    /// # Errors
    /// 404 for another path, 400 for one that is not percent-encoded UTF-8.
    pub(crate) fn parse(path: &str, query: &Query) -> Result<Self, Problem> {
        let unknown = || Problem::not_found("the console has no such page; /console is its beginning");
        let path = path.strip_prefix("/console").ok_or_else(unknown)?;
        let path = path.strip_suffix('/').unwrap_or(path);
        if !path.is_empty() && !path.starts_with('/') {
            return Err(unknown());
        }
        let mut segments = Vec::new();
        for segment in path.split('/').skip(1) {
            let decoded = percent_decode_str(segment).decode_utf8();
            let decoded = decoded.map_err(|_| Problem::bad_request("the path is not percent-encoded UTF-8"))?;
            segments.push(decoded.into_owned());
        }
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let arn = query.filled("arn");
        match (segments.as_slice(), arn) {
            ([], _) => Ok(Self::Home),
            (["submissions"], _) => Ok(Self::Submissions),
            (["executions"], None) => Ok(Self::Overview),
            (["executions"], Some(arn)) | (&["executions", arn], _) => Ok(Self::Execution(arn.to_owned())),
            (["approvals"], _) => Ok(Self::Approvals),
            (["inbox"], _) => Ok(Self::Inbox),
            (["inbox", id], _) => Ok(Self::Mail((*id).to_owned())),
            (["logs"], _) => Ok(Self::Functions),
            (["logs", function], _) => Ok(Self::FunctionLogs((*function).to_owned())),
            (["map-runs", arn], _) => Ok(Self::MapRun((*arn).to_owned())),
            (["state-machines"], None) => Ok(Self::Machines),
            (["state-machines"], Some(arn)) | (&["state-machines", arn], _) => Ok(Self::Machine(arn.to_owned())),
            (["alarms"], _) => Ok(Self::Alarms),
            (["alarms", name], _) => Ok(Self::Alarm((*name).to_owned())),
            (["dashboards"], _) => Ok(Self::Dashboards),
            (["dashboards", name], _) => Ok(Self::Dashboard((*name).to_owned())),
            (&[action], _) => Action::parse(action).map(Self::Action).ok_or_else(unknown),
            _ => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::query::{execution_path, path};
    use super::*;

    #[test]
    fn a_path_names_a_page() {
        fn check(path: &str, query: &str, expected: Result<Route, u16>) {
            let route = Route::parse(path, &Query::parse(Some(query))).map_err(|problem| problem.status.as_u16());
            assert_eq!(route, expected, "{path}?{query}");
        }
        check("/console", "", Ok(Route::Home));
        check("/console/", "status=FAILED", Ok(Route::Home));
        check("/console/submissions", "q=x", Ok(Route::Submissions));
        check("/console/start", "", Ok(Route::Action(Action::Start)));
        check("/console/stop", "arn=x", Ok(Route::Action(Action::Stop)));
        check("/console/start/x", "", Err(404));
        check("/console/executions", "", Ok(Route::Overview));
        check(
            "/console/executions",
            "arn=arn%3Ae",
            Ok(Route::Execution("arn:e".to_owned())),
        );
        check(
            "/console/executions/arn%3Aaws:x",
            "",
            Ok(Route::Execution("arn:aws:x".to_owned())),
        );
        check("/console/approvals", "", Ok(Route::Approvals));
        check("/console/inbox/", "", Ok(Route::Inbox));
        check("/console/inbox/a%2Fb", "", Ok(Route::Mail("a/b".to_owned())));
        check("/console/logs", "", Ok(Route::Functions));
        check("/console/logs/f", "", Ok(Route::FunctionLogs("f".to_owned())));
        check("/console/state-machines", "", Ok(Route::Machines));
        check("/console/state-machines", "arn=m", Ok(Route::Machine("m".to_owned())));
        check("/console/state-machines/m", "", Ok(Route::Machine("m".to_owned())));
        check("/console/map-runs/arn:r", "", Ok(Route::MapRun("arn:r".to_owned())));
        check("/console/alarms", "", Ok(Route::Alarms));
        check("/console/alarms/a%2Fb", "", Ok(Route::Alarm("a/b".to_owned())));
        check("/console/map-runs", "", Err(404));
        check("/console/inbox/a/b", "", Err(404));
        check("/console/nothing", "", Err(404));
        check("/console//", "", Err(404));
        check("/consoles", "", Err(404));
        check("/other", "", Err(404));
        check("/console/inbox/%FF", "", Err(400));
        check("/console/inbox/%00%zz", "", Ok(Route::Mail("\0%zz".to_owned())));
    }

    #[test]
    fn what_a_link_encodes_a_route_decodes() {
        fn check(name: &str) {
            let none = Query::default();
            assert_eq!(
                Route::parse(&execution_path(name), &none),
                Ok(Route::Execution(name.to_owned()))
            );
            assert_eq!(
                Route::parse(&path(&["inbox", name]), &none),
                Ok(Route::Mail(name.to_owned()))
            );
        }
        check("arn:aws:states:us-east-1:000000000000:execution:ingest:e-1");
        check("a/b?c#d%e f\0\u{202e}é");
    }
}
