//! The two languages that the command line speaks. Texts stand where they are used, both together; what things of the API are called
//! comes from the protos (`schema`).

use clap::ValueEnum;

/// Language of texts for people. JSON has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

impl Lang {
    /// The text in this language.
    pub fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }

    /// What `accept-language` says to the server.
    pub fn header(self) -> &'static str {
        self.pick("zh", "en")
    }
}
