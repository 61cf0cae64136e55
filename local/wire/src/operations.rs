//! Declarations of a service's operations: one list gives the dispatch and the error about an operation that is not on it.

/// Declares the operations of a service that speaks JSON.
///
/// Each operation is a module with a function `call(service, request)`, whose request is read from the body and whose
/// response is any `Serialize`. Makes the constant `OPERATIONS` and the function, which answers a call with JSON text.
///
/// ```
/// mod greet {
///     use serde::{Deserialize, Serialize};
///
///     #[derive(Deserialize)]
///     pub struct Request { name: String }
///     #[derive(Serialize)]
///     pub struct Response { greeting: String }
///
///     pub async fn call(service: &str, request: Request) -> Result<Response, sluice_wire::ApiError> {
///         Ok(Response { greeting: format!("{service}, {}", request.name) })
///     }
/// }
///
/// sluice_wire::json_operations! {
///     /// Answers one call.
///     fn call(&str) -> sluice_wire::ApiError;
///     unknown: "is not available on the local greeter";
///     "Greet" => greet,
/// }
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let response = call("Hello", "Greet", br#"{"name":"you"}"#).await.unwrap();
/// assert_eq!(response.get(), r#"{"greeting":"Hello, you"}"#);
/// let refused = call("Hello", "Part", b"{}").await.unwrap_err();
/// assert_eq!(
///     refused.message,
///     r#"The operation "Part" is not available on the local greeter, which knows Greet."#
/// );
/// # }
/// ```
#[macro_export]
macro_rules! json_operations {
    (
        $(#[$meta:meta])* $vis:vis fn $call:ident($service:ty) -> $error:ty;
        unknown: $unknown:literal;
        $($operation:literal => $module:ident,)+
    ) => {
        /// The operations' names.
        $vis const OPERATIONS: &[&str] = &[$($operation),+];

        $(#[$meta])*
        $vis async fn $call(
            service: $service,
            operation: &str,
            body: &[u8],
        ) -> ::std::result::Result<::std::boxed::Box<$crate::serde_json::value::RawValue>, $error> {
            match operation {
                $($operation => {
                    let response = $module::call(service, $crate::json::parse(body)?).await?;
                    ::std::result::Result::Ok($crate::json::text(&response)?)
                })+
                _ => ::std::result::Result::Err($crate::json::unknown_operation(operation, $unknown, OPERATIONS).into()),
            }
        }
    };
}

/// Declares the operations of a service that speaks the query protocol.
///
/// Each operation is a module with a function `call(service, form)`, which answers with the XML of its result. Makes the
/// constant `OPERATIONS` and the function.
#[macro_export]
macro_rules! query_operations {
    (
        $(#[$meta:meta])* $vis:vis fn $call:ident($service:ty, $api:expr) -> $error:ty;
        $($operation:literal => $module:ident,)+
    ) => {
        /// The operations' names.
        $vis const OPERATIONS: &[&str] = &[$($operation),+];

        $(#[$meta])*
        $vis async fn $call(
            service: $service,
            operation: &str,
            form: &$crate::Form,
        ) -> ::std::result::Result<$crate::Xml, $error> {
            match operation {
                $($operation => ::std::result::Result::Ok($module::call(service, form).await?),)+
                _ => ::std::result::Result::Err($crate::query::invalid_action(&$api, operation, OPERATIONS).into()),
            }
        }
    };
}
