//! UTF-32, which browsers have given up and old programs still write.

/// `bytes` as UTF-32, if they begin with its mark, or with `<` in it.
pub(super) fn decode(bytes: &[u8]) -> Option<String> {
    let (read, start): (fn([u8; 4]) -> u32, usize) = match bytes {
        [0xff, 0xfe, 0, 0, ..] => (u32::from_le_bytes, 4),
        [0, 0, 0xfe, 0xff, ..] => (u32::from_be_bytes, 4),
        [b'<', 0, 0, 0, ..] => (u32::from_le_bytes, 0),
        [0, 0, 0, b'<', ..] => (u32::from_be_bytes, 0),
        _ => return None,
    };
    let (points, _) = bytes[start..].as_chunks::<4>();
    Some(points.iter().map(|&point| char::from_u32(read(point)).unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_with_and_without_a_mark() {
        let text = "<a>\u{e9}\u{20ac}</a>";
        let little: Vec<u8> = text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        let big: Vec<u8> = text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
        assert_eq!(decode(&little).as_deref(), Some(text));
        assert_eq!(decode(&big).as_deref(), Some(text));
        assert_eq!(decode(&[&[0xff, 0xfe, 0, 0], &*little].concat()).as_deref(), Some(text));
        assert_eq!(decode(&[&[0, 0, 0xfe, 0xff], &*big].concat()).as_deref(), Some(text));
        assert_eq!(decode(text.as_bytes()), None);
    }
}
