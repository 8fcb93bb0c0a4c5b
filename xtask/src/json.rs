//! A small JSON reader: enough for what cargo and rustdoc print.

/// A JSON value. Objects keep the order of their keys.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads one value that spans the whole text.
    ///
    /// # Errors
    ///
    /// Fails with the byte at which the text stops being JSON.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value()?;
        reader.space();
        if reader.at == text.len() { Ok(value) } else { Err(reader.wrong("the end")) }
    }

    /// A member of an object; `Null` where there is none.
    pub fn get(&self, key: &str) -> &Self {
        match self {
            Self::Object(members) => members.iter().find(|(name, _)| name == key).map_or(&Self::Null, |(_, value)| value),
            _ => &Self::Null,
        }
    }

    /// The text, if this is one.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The number as a key, as rustdoc writes item ids.
    pub fn id(&self) -> Option<String> {
        if let Self::Number(number) = self { Some(format!("{number}")) } else { None }
    }

    /// The elements of a list; none for anything else.
    pub fn list(&self) -> &[Self] {
        if let Self::List(list) = self { list } else { &[] }
    }

    /// The members of an object; none for anything else.
    pub fn members(&self) -> &[(String, Self)] {
        if let Self::Object(members) = self { members } else { &[] }
    }

    /// Whether this is `true`.
    pub fn is_true(&self) -> bool {
        *self == Self::Bool(true)
    }

    /// Whether this is `null` or absent.
    pub fn is_null(&self) -> bool {
        *self == Self::Null
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Json, String> {
        self.space();
        match self.peek() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => self.string().map(Json::Text),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            _ => self.number(),
        }
    }

    fn object(&mut self) -> Result<Json, String> {
        let mut members = Vec::new();
        self.at += 1;
        if self.found(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            let key = self.string()?;
            if !self.found(b':') {
                return Err(self.wrong("`:`"));
            }
            members.push((key, self.value()?));
            if self.found(b'}') {
                return Ok(Json::Object(members));
            }
            if !self.found(b',') {
                return Err(self.wrong("`,` or `}`"));
            }
        }
    }

    fn array(&mut self) -> Result<Json, String> {
        let mut list = Vec::new();
        self.at += 1;
        if self.found(b']') {
            return Ok(Json::List(list));
        }
        loop {
            list.push(self.value()?);
            if self.found(b']') {
                return Ok(Json::List(list));
            }
            if !self.found(b',') {
                return Err(self.wrong("`,` or `]`"));
            }
        }
    }

    fn string(&mut self) -> Result<String, String> {
        if self.peek() != Some(b'"') {
            return Err(self.wrong("a string"));
        }
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(stop) = rest.find(['"', '\\']) else { return Err(self.wrong("a closing quote")) };
            out.push_str(&rest[..stop]);
            self.at += stop + 1;
            if rest.as_bytes()[stop] == b'"' {
                return Ok(out);
            }
            let escape = self.peek().ok_or_else(|| self.wrong("an escape"))?;
            self.at += 1;
            match escape {
                b'n' => out.push('\n'),
                b't' => out.push('\t'),
                b'r' => out.push('\r'),
                b'b' => out.push('\u{8}'),
                b'f' => out.push('\u{c}'),
                b'"' | b'\\' | b'/' => out.push(char::from(escape)),
                b'u' => out.push(self.unicode()?),
                _ => return Err(self.wrong("a known escape")),
            }
        }
    }

    fn unicode(&mut self) -> Result<char, String> {
        let first = self.hex()?;
        let code = if (0xD800..0xDC00).contains(&first) && self.text[self.at..].starts_with("\\u") {
            self.at += 2;
            0x10000 + ((first - 0xD800) << 10) + (self.hex()? & 0x3FF)
        } else {
            first
        };
        char::from_u32(code).ok_or_else(|| self.wrong("a character"))
    }

    fn hex(&mut self) -> Result<u32, String> {
        let digits = self.text.get(self.at..self.at + 4).ok_or_else(|| self.wrong("four digits"))?;
        let code = u32::from_str_radix(digits, 16).map_err(|_| self.wrong("four digits"))?;
        self.at += 4;
        Ok(code)
    }

    fn number(&mut self) -> Result<Json, String> {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E')).unwrap_or(rest.len());
        let number = rest[..end].parse().map_err(|_| self.wrong("a value"))?;
        self.at += end;
        Ok(Json::Number(number))
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, String> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.wrong(word));
        }
        self.at += word.len();
        Ok(value)
    }

    fn found(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn wrong(&self, expected: &str) -> String {
        format!("JSON: expected {expected} at byte {}", self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_kind_are_read() {
        let json =
            Json::parse(r#" {"a": [1, -2.5e3, true, false, null], "b": {"c": "x\n\"\u00e9\ud83d\ude00\\é"}, "d": [], "e": {}} "#).unwrap();
        let numbers = json.get("a").list();
        assert_eq!(numbers[1], Json::Number(-2500.0));
        assert!(numbers[2].is_true() && !numbers[3].is_true() && numbers[4].is_null());
        assert_eq!(json.get("b").get("c").text(), Some("x\n\"é😀\\é"));
        assert_eq!(numbers[0].id().as_deref(), Some("1"));
        assert!(json.get("d").list().is_empty() && json.get("e").members().is_empty() && json.get("z").is_null());
    }

    #[test]
    fn what_is_not_json_is_refused_with_its_place() {
        for (text, place) in [("{\"a\" 1}", 5), ("[1,]", 3), ("\"x", 1), ("[1 2]", 3), ("nul", 0), ("1 1", 2), ("", 0)] {
            let why = Json::parse(text).unwrap_err();
            assert!(why.ends_with(&format!("byte {place}")), "{text}: {why}");
        }
    }
}
