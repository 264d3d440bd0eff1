//! The fields of a form: label, hint, what was typed, and what is wrong with it.

/// A field that is typed into.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name in the form, and its id on the page.
    pub name: &'static str,
    /// The question.
    pub label: String,
    /// What helps to answer it; may be empty.
    pub hint: String,
    /// The type of the input; `textarea` for several lines.
    pub kind: &'static str,
    /// What browsers may fill it with.
    pub autocomplete: &'static str,
    /// What was typed.
    pub typed: String,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// One choice of several.
#[derive(Clone, Debug)]
pub struct Pick {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub label: String,
    /// What helps to choose; may be empty.
    pub hint: String,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

impl Field {
    /// A field of one line.
    pub fn new(name: &'static str, label: impl Into<String>) -> Self {
        Self {
            name,
            label: label.into(),
            hint: String::new(),
            kind: "text",
            autocomplete: "off",
            typed: String::new(),
            problem: None,
        }
    }

    /// A field of several lines.
    pub fn long(name: &'static str, label: impl Into<String>) -> Self {
        Self { kind: "textarea", ..Self::new(name, label) }
    }

    /// With this hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Of this type, filled by browsers with this.
    #[must_use]
    pub fn of(mut self, kind: &'static str, autocomplete: &'static str) -> Self {
        (self.kind, self.autocomplete) = (kind, autocomplete);
        self
    }

    /// With what was typed.
    #[must_use]
    pub fn typed(mut self, typed: impl Into<String>) -> Self {
        self.typed = typed.into();
        self
    }

    /// With what is wrong, where `problems` say so.
    #[must_use]
    pub fn checked(mut self, problems: &[(&'static str, String)]) -> Self {
        self.problem = super::problem_with(problems, self.name).map(str::to_owned);
        self
    }

    /// The ids of the hint and of the error, as far as they are there.
    pub fn described_by(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let error = self.problem.is_some().then(|| format!("{}-error", self.name));
        [hint, error].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}
