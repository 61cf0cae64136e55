use serde_json::Map;
use sluice_aws::{Link, LinkScope};

use super::address::{self, Address};
use super::admission;
use super::function::{Approval, failed, not_found};
use super::port::ApprovalPort;
use super::visit::Visit;
use crate::http::{Kind, Method, Problem, Representation, Request, Response, negotiate, parameters};

pub(super) const METHODS: &str = "GET, HEAD, POST, OPTIONS";

impl<P: ApprovalPort> Approval<P> {
    /// Answers a request.
    pub async fn handle(&self, request: &Request) -> Response {
        let representation = negotiate(request.header("accept"));
        let response = self.dispatch(request, representation).await.unwrap_or_else(|problem| {
            // What a GET answers, the same GET answers again, unless it was for want of a moment.
            let leads_on = request.method() == Method::Post || problem.kind == Kind::Unavailable;
            problem.with_back(leads_on.then_some("")).response(representation)
        });
        // With no referrer at all, a browser would call the origin of the page's own forms "null".
        let response = response.with("referrer-policy", "same-origin");
        if request.method() == Method::Head {
            response.without_body()
        } else {
            response
        }
    }

    async fn dispatch(&self, request: &Request, representation: Representation) -> Result<Response, Problem> {
        let address = Address::parse(&request.raw_path).ok_or_else(not_found)?;
        let posts = match request.method() {
            Method::Options => return Ok(Response::options(METHODS)),
            Method::Put | Method::Other => return Err(Problem::method_not_allowed(METHODS)),
            Method::Get | Method::Head => false,
            Method::Post => true,
        };
        if posts {
            self.site.check(request)?;
        }
        // The body is read where it is needed: whoever comes after a decision is told of it, whatever the body says.
        let query = match parameters(request) {
            Ok(parameters) => parameters.query,
            Err(_) if posts => Map::new(),
            Err(problem) => return Err(problem),
        };
        let visit = |secret, link, from_list| Visit {
            request,
            representation,
            now_ms: request.request_context.time_epoch,
            secret,
            link,
            query,
            from_list,
        };
        let secret = address.secret();
        let link = self.port.link(secret).await.map_err(|error| failed(&error))?;
        match (&address, &link) {
            (Address::Link(_), Some(link)) if link.scope == LinkScope::AllOpen => {
                self.all(visit(secret, Some(link), true), posts, link).await
            }
            (
                _,
                Some(Link {
                    scope: LinkScope::Approval(id),
                    ..
                }),
            ) => self.one(&visit(secret, link.as_ref(), false), posts, id).await,
            (Address::Old(id, _), _) => self.one(&visit(secret, None, false), posts, id).await,
            (Address::Link(_), _) => Err(not_found()),
        }
    }

    async fn one(&self, visit: &Visit<'_>, posts: bool, id: &str) -> Result<Response, Problem> {
        if posts {
            self.post_to_one(visit, id).await
        } else {
            self.show_one(visit, id).await
        }
    }

    async fn all(&self, visit: Visit<'_>, posts: bool, link: &Link) -> Result<Response, Problem> {
        if link.is_expired(visit.now_ms) {
            return Err(Problem::new(Kind::LinkExpired, admission::LINK_EXPIRED));
        }
        let request = visit
            .query("request")
            .filter(|id| address::is_id(id))
            .map(str::to_owned);
        let batch = visit.query("batch").map(str::to_owned);
        match (request, batch) {
            (Some(id), _) => self.one(&visit, posts, &id).await,
            (None, Some(id)) if !posts => self.show_batch(&visit, &id).await,
            _ if posts => self.post_to_list(&visit).await,
            _ => self.show_list(&visit).await,
        }
    }
}
