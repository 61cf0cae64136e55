//! A form, and what is sent when it is submitted.

use form_urlencoded::Serializer;

/// A form of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) id: Option<String>,
    pub(super) action: String,
    pub(super) method: Method,
    pub(super) fields: Vec<Field>,
    pub(super) buttons: Vec<Button>,
}

/// The way in which a form is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
}

/// A field of a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) hidden: bool,
    /// A box or a radio button: whether it is ticked.
    pub(super) box_: Option<bool>,
}

/// A button that sends the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Button {
    pub(super) name: String,
    pub(super) value: String,
    /// The address to which this one sends it.
    pub(super) action: Option<String>,
}

/// The way in which whoever knows nothing fills a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filling {
    /// Nothing but hidden fields.
    Empty,
    /// As the page came.
    AsItIs,
    /// As it came, with every box ticked.
    Ticked,
    /// This text in every field that is seen.
    With(&'static str),
}

impl Filling {
    /// All ways: what scanners, form fillers and probes have been seen to type.
    pub(super) const ALL: [Self; 9] = [
        Self::AsItIs,
        Self::Empty,
        Self::Ticked,
        Self::With("test"),
        Self::With("test@example.com"),
        Self::With("12345"),
        Self::With("Mozilla/5.0 (Windows NT 10.0; Win64; x64)"),
        Self::With("' OR 1=1 --"),
        Self::With("<script>alert(1)</script>"),
    ];

    /// Its name in reports.
    pub(super) fn words(self) -> String {
        match self {
            Self::Empty => "with empty fields".to_owned(),
            Self::AsItIs => "with the fields as they are".to_owned(),
            Self::Ticked => "with every box ticked".to_owned(),
            Self::With(text) => format!("with {text:?} in each field"),
        }
    }
}

impl Form {
    /// The pairs that are sent with a button, or with none, as by Enter.
    pub(super) fn pairs(&self, filling: Filling, button: Option<&Button>) -> Vec<(String, String)> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for field in self.fields.iter().filter(|field| !field.name.is_empty()) {
            let value = match (filling, field.box_) {
                (_, None) if field.hidden => Some(field.value.clone()),
                (Filling::Empty, None) => Some(String::new()),
                (Filling::With(text), None) => Some(text.to_owned()),
                (Filling::AsItIs | Filling::Ticked, None) => Some(field.value.clone()),
                (Filling::Ticked, Some(_)) | (Filling::AsItIs | Filling::With(_), Some(true)) => {
                    Some(field.value.clone())
                }
                (_, Some(_)) => None,
            };
            pairs.extend(value.map(|value| (field.name.clone(), value)));
        }
        if let Some(button) = button.filter(|button| !button.name.is_empty()) {
            pairs.push((button.name.clone(), button.value.clone()));
        }
        pairs
    }

    /// True if the form has boxes.
    pub(super) fn has_boxes(&self) -> bool {
        self.fields.iter().any(|field| field.box_.is_some())
    }
}

/// Writes pairs as a form's body, or the query of its address.
pub(super) fn encoded(pairs: &[(String, String)]) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_fields_stay_and_boxes_are_sent_when_ticked() {
        let field = |name: &str, value: &str, hidden, box_| Field {
            name: name.to_owned(),
            value: value.to_owned(),
            hidden,
            box_,
        };
        let button = Button {
            name: "decision".to_owned(),
            value: "approve".to_owned(),
            action: None,
        };
        let form = Form {
            id: None,
            action: String::new(),
            method: Method::Post,
            fields: vec![
                field("batch", "b 1", true, None),
                field("code", "", false, None),
                field("pick", "on", false, Some(false)),
                field("", "x", false, None),
            ],
            buttons: vec![button.clone()],
        };
        let check = |filling, button: Option<&Button>, expected: &str| {
            assert_eq!(encoded(&form.pairs(filling, button)), expected, "{filling:?}");
        };
        check(Filling::AsItIs, Some(&button), "batch=b+1&code=&decision=approve");
        check(Filling::Empty, None, "batch=b+1&code=");
        check(
            Filling::Ticked,
            Some(&button),
            "batch=b+1&code=&pick=on&decision=approve",
        );
        check(
            Filling::With("a&b"),
            Some(&button),
            "batch=b+1&code=a%26b&decision=approve",
        );
    }
}
