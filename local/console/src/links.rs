//! Addresses of AWS's console, and the pages here that show the same.

use percent_encoding::percent_decode_str;

use crate::query::{execution_path, machine_path, path};

/// The address of the page here that shows what an address of AWS's console leads to; other addresses as they are.
///
/// ```
/// let aws = "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#dashboards/dashboard/sluice";
/// assert_eq!(sluice_console::local_address(aws), "/console/dashboards/sluice");
/// assert_eq!(sluice_console::local_address("https://example.com/"), "https://example.com/");
/// ```
pub fn local_address(address: &str) -> String {
    found(address).unwrap_or_else(|| address.to_owned())
}

fn found(address: &str) -> Option<String> {
    let rest = address.strip_prefix("https://")?;
    let (host, rest) = rest.split_once('/')?;
    if host != "console.aws.amazon.com" && !host.ends_with(".console.aws.amazon.com") {
        return None;
    }
    let (page, place) = rest.split_once('#')?;
    let service = page.split(['/', '?']).next()?;
    let place = percent_decode_str(place.trim_start_matches('/')).decode_utf8().ok()?;
    let after = |start: &str| {
        let name = place.strip_prefix(start)?;
        let name = name.split(['?', ';']).next().unwrap_or(name);
        (!name.is_empty()).then(|| name.to_owned())
    };
    match service {
        "cloudwatch" => after("dashboards/dashboard/")
            .or_else(|| after("dashboards:name="))
            .map(|name| path(&["dashboards", &name])),
        "states" => after("statemachines/view/")
            .map(|arn| machine_path(&arn))
            .or_else(|| after("v2/executions/details/").map(|arn| execution_path(&arn)))
            .or_else(|| after("executions/details/").map(|arn| execution_path(&arn))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_awss_console_have_their_like_here() {
        fn check(address: &str, expected: &str) {
            assert_eq!(local_address(address), expected);
        }
        let console = "https://us-east-1.console.aws.amazon.com";
        check(
            &format!("{console}/cloudwatch/home?region=us-east-1#dashboards/dashboard/sluice"),
            "/console/dashboards/sluice",
        );
        check(
            &format!("{console}/cloudwatch/home#dashboards:name=a-b"),
            "/console/dashboards/a-b",
        );
        check(
            &format!(
                "{console}/states/home?region=us-east-1#/statemachines/view/arn:aws:states:us-east-1:1:stateMachine:m"
            ),
            "/console/state-machines/arn:aws:states:us-east-1:1:stateMachine:m",
        );
        check(
            &format!("{console}/states/home#/v2/executions/details/arn%3Aaws%3Astates%3A%3A1%3Aexecution%3Am%3Ae"),
            "/console/executions/arn:aws:states::1:execution:m:e",
        );
        for other in [
            "https://evil.example/cloudwatch/home#dashboards/dashboard/x",
            "https://us-east-1.console.aws.amazon.com.evil.example/cloudwatch/home#dashboards/dashboard/x",
            "https://us-east-1.console.aws.amazon.com/ec2/home#x",
            "https://us-east-1.console.aws.amazon.com/cloudwatch/home#dashboards/dashboard/",
            "javascript:x",
            "",
        ] {
            check(other, other);
        }
    }
}
