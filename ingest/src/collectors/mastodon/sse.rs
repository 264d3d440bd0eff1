//! Server-sent events, as the HTML standard describes them (9.2.6, "Interpreting an event stream").

use std::collections::VecDeque;

/// No event may be larger.
const LARGEST: usize = 1 << 20;

/// Joins pieces of a stream to events.
#[derive(Debug, Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    /// The last piece ended with a carriage return, so that a line feed that follows belongs to it.
    after_return: bool,
    name: String,
    data: String,
    ready: VecDeque<Sent>,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) name: String,
    pub(super) data: String,
}

/// An event was too large.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

impl Parser {
    /// Takes the next piece of the stream.
    ///
    /// # Errors
    /// [`TooLarge`]; the stream is then of no further use.
    pub(super) fn feed(&mut self, piece: &[u8]) -> Result<(), TooLarge> {
        for &byte in piece {
            let second_half = byte == b'\n' && self.after_return;
            self.after_return = byte == b'\r';
            match byte {
                b'\n' if second_half => {}
                b'\r' | b'\n' => self.end_line(),
                byte => self.line.push(byte),
            }
            if self.line.len() + self.data.len() > LARGEST {
                return Err(TooLarge);
            }
        }
        Ok(())
    }

    /// The next event that is complete.
    pub(super) fn next(&mut self) -> Option<Sent> {
        self.ready.pop_front()
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        if line.is_empty() {
            let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
            if !data.is_empty() {
                self.ready.push_back(Sent { name, data });
            }
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => {
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            // Comments, which are signs of life, and fields that Mastodon does not send.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREAM: &str = ":)\nevent: update\ndata: {\"id\":\r\ndata: \"1\"}\n\n:thump\n\nevent:delete\rdata:12é\r\rdata\n\n\
                          event: lost\ndata: never ended";

    fn events(pieces: &[&[u8]]) -> Vec<Sent> {
        let mut parser = Parser::default();
        for piece in pieces {
            parser.feed(piece).unwrap();
        }
        std::iter::from_fn(|| parser.next()).collect()
    }

    #[test]
    fn events_end_with_an_empty_line_however_lines_end() {
        let sent = |name: &str, data: &str| Sent { name: name.into(), data: data.into() };
        assert_eq!(events(&[STREAM.as_bytes()]), [sent("update", "{\"id\":\n\"1\"}"), sent("delete", "12é")]);
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut parser = Parser::default();
        let piece = format!("data: {}\n", "x".repeat(100_000));
        let outcome: Result<(), TooLarge> = (0..20).try_for_each(|_| parser.feed(piece.as_bytes()));
        assert_eq!(outcome, Err(TooLarge));
        assert_eq!(Parser::default().feed(&vec![b'x'; 2 << 20]), Err(TooLarge));
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_a_stream_is_cut(cuts in prop::collection::vec(0..STREAM.len(), 0..6)) {
            let mut cuts = cuts;
            cuts.sort_unstable();
            let mut rest = STREAM.as_bytes();
            let mut pieces = Vec::new();
            let mut done = 0;
            for cut in cuts {
                let (piece, behind) = rest.split_at(cut - done);
                pieces.push(piece);
                (rest, done) = (behind, cut);
            }
            pieces.push(rest);
            prop_assert_eq!(events(&pieces), events(&[STREAM.as_bytes()]));
        }
    }
}
