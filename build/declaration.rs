//! The rows of `rust/peer/options/table.rs` in the forms that several outputs need: names, defaults, bounds, and the
//! whole documentation.

use crate::table::{Declaration, Effect, GROUPS, Group, Kind, Object};

/// The longest time that an option accepts: `limits::MAX_DURATION`.
pub const YEAR: f64 = 31_536_000.0;

impl Object {
    /// All objects, in the order of the generated code.
    pub const ALL: [Self; 5] = [Self::Peer, Self::Client, Self::Server, Self::Room, Self::TlsStream];

    /// The object in names of functions and macros.
    pub fn snake(self) -> &'static str {
        match self {
            Self::Peer => "peer",
            Self::Client => "client",
            Self::Server => "server",
            Self::Room => "room",
            Self::TlsStream => "tls_stream",
        }
    }

    /// The class of the object in Godot.
    pub fn godot_class(self) -> &'static str {
        match self {
            Self::Peer => "RustWebSocketPeer",
            Self::Client => "RustWebSocketClient",
            Self::Server => "RustWebSocketServer",
            Self::Room => "RustWebSocketMultiplayerPeer",
            Self::TlsStream => "RustStreamPeerTLS",
        }
    }
}

impl Declaration {
    /// The name in Godot and in error messages.
    pub fn public_name(&self) -> &'static str {
        self.godot_name.unwrap_or(self.name)
    }

    /// The default of an object; without an object, that of the Rust struct's `Default` and of the C macro. Flags count
    /// as 0 and 1, texts as 0.
    pub fn default_for(&self, object: Option<Object>) -> f64 {
        let exception = self.defaults.iter().find(|(of, _)| Some(*of) == object);
        match (exception, self.kind) {
            (Some((_, value)), _) => *value,
            (None, Kind::Bytes { default } | Kind::Count { default, .. }) => default as f64,
            (None, Kind::Level { default, .. }) => f64::from(default),
            (None, Kind::Seconds { default } | Kind::Number { default, .. }) => default,
            (None, Kind::Flag { default }) => f64::from(u8::from(default)),
            (None, Kind::Text { .. } | Kind::Texts { .. }) => 0.0,
        }
    }

    /// The smallest and the largest number that the kind allows; `None` for flags and texts.
    pub fn bounds(&self) -> Option<(f64, f64)> {
        match self.kind {
            Kind::Bytes { .. } | Kind::Count { .. } => Some((0.0, f64::INFINITY)),
            Kind::Level { min, max, .. } => Some((f64::from(min), f64::from(max))),
            Kind::Seconds { .. } => Some((0.0, YEAR)),
            Kind::Number { min, max, .. } => Some((min, max)),
            Kind::Flag { .. } | Kind::Text { .. } | Kind::Texts { .. } => None,
        }
    }

    /// Returns whether the kind has a largest number other than that of its type.
    pub fn has_upper_bound(&self) -> bool {
        self.bounds().is_some_and(|(_, max)| max != f64::INFINITY && max != f64::from(u32::MAX))
    }

    /// The unit of the number; empty if it has none.
    pub fn unit(&self) -> &'static str {
        match self.kind {
            Kind::Bytes { .. } => "bytes",
            Kind::Seconds { .. } => "seconds",
            Kind::Count { of, .. } => of,
            _ => "",
        }
    }

    /// Returns whether Godot has a property of this option.
    pub fn is_in_godot(&self) -> bool {
        // The packets of Godot's API are whole messages.
        self.name != "stream_messages"
    }

    /// The documentation, followed by unit, bounds, the meaning of 0, default and time of effect as sentences. Without
    /// an object it names the defaults of all objects.
    pub fn full_doc(&self, object: Option<Object>) -> String {
        let mut sentences = vec![self.doc.to_owned()];
        sentences.extend(self.unit_and_bounds());
        sentences.extend(self.meaning_of_zero(object));
        sentences.push(self.default_text(object));
        sentences.push(self.effect_text().to_owned());
        sentences.join(" ")
    }

    fn unit_and_bounds(&self) -> Option<String> {
        match self.kind {
            Kind::Bytes { .. } => Some("In bytes.".to_owned()),
            Kind::Seconds { .. } => Some(format!("In seconds, up to {YEAR} (a year).")),
            _ => {
                let (min, max) = self.bounds().filter(|_| self.has_upper_bound())?;
                Some(format!("From {min} to {max}."))
            }
        }
    }

    fn meaning_of_zero(&self, object: Option<Object>) -> Option<String> {
        if object.is_some_and(|object| self.positive.contains(&object)) {
            return Some("Must be greater than 0.".to_owned());
        }
        self.zero.map(|zero| format!("0 {zero}."))
    }

    fn default_text(&self, object: Option<Object>) -> String {
        match self.kind {
            Kind::Flag { default } => format!("Default `{default}`."),
            Kind::Text { default: "", .. } | Kind::Texts { .. } => "Default empty.".to_owned(),
            Kind::Text { default, .. } => format!("Default `\"{default}\"`."),
            _ if object.is_some() || self.defaults.is_empty() => format!("Default {}.", self.default_for(object)),
            _ => {
                let exceptions =
                    self.defaults.iter().map(|(object, value)| format!("{value} for a {}", object.snake()));
                let exceptions: Vec<String> = exceptions.collect();
                format!("Default {} ({}).", self.default_for(None), exceptions.join(", "))
            }
        }
    }

    fn effect_text(&self) -> &'static str {
        match self.effect {
            Effect::Immediately => "Takes effect immediately.",
            Effect::NextConnection => "Used by the next connection.",
            Effect::NextHandshake => "Used by the next handshake.",
            Effect::NextListen => "Used when listening begins.",
            Effect::NextStream => "Used when the next connection begins.",
        }
    }
}

/// Each option with its group and each object that has it.
pub fn options_by_object() -> impl Iterator<Item = (Object, &'static Group, &'static Declaration)> {
    GROUPS.iter().flat_map(|group| {
        group.options.iter().flat_map(move |option| option.objects.iter().map(move |object| (*object, group, option)))
    })
}
