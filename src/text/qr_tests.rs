//! The codes are read back by a reader of their own, written from the standard and not with the crate that makes them.

use super::qr;

/// The modules that rows of half blocks show, without the air around them.
fn seen(rows: &[String]) -> Vec<Vec<bool>> {
    let mut all: Vec<Vec<bool>> = Vec::new();
    for row in rows {
        all.push(row.chars().map(|c| matches!(c, '█' | '▀')).collect());
        all.push(row.chars().map(|c| matches!(c, '█' | '▄')).collect());
    }
    let side = all[0].len();
    // The corner of the upper left finder tells how much air there is.
    let air = all.iter().position(|row| row.contains(&true)).unwrap();
    assert!(air >= 2, "air of {air} modules");
    for (r, row) in all.iter().enumerate() {
        for (c, dark) in row.iter().enumerate() {
            let edge = |at: usize| at < air || at >= side - air;
            assert!(!(*dark && (edge(r) || edge(c))), "row {r}, column {c} is dark");
        }
    }
    all[air..side - air].iter().map(|row| row[air..side - air].to_vec()).collect()
}

/// Reads a code of version 1 to 6 with the error correction of its own header: masks off, bits in their order, bytes
/// out. Written from the standard, and not with the crate that made the code.
fn decode(m: &[Vec<bool>]) -> String {
    let n = m.len();
    let version = (n - 17) / 4;
    assert!((1..=6).contains(&version) && (n - 17).is_multiple_of(4), "{n} modules");
    // Format information along the upper left finder, without its mask.
    let mut format = 0u16;
    let places: [(usize, usize); 15] = [
        (8, 0),
        (8, 1),
        (8, 2),
        (8, 3),
        (8, 4),
        (8, 5),
        (8, 7),
        (8, 8),
        (7, 8),
        (5, 8),
        (4, 8),
        (3, 8),
        (2, 8),
        (1, 8),
        (0, 8),
    ];
    for (row, column) in places {
        format = format << 1 | u16::from(m[row][column]);
    }
    let format = format ^ 0b101_0100_0001_0010;
    assert_eq!(format >> 13, 0b01, "error correction L");
    let mask = format >> 10 & 7;
    let masked = |r: usize, c: usize| match mask {
        0 => (r + c).is_multiple_of(2),
        1 => r.is_multiple_of(2),
        2 => c.is_multiple_of(3),
        3 => (r + c).is_multiple_of(3),
        4 => (r / 2 + c / 3).is_multiple_of(2),
        5 => (r * c) % 2 + (r * c) % 3 == 0,
        6 => ((r * c) % 2 + (r * c) % 3).is_multiple_of(2),
        _ => ((r + c) % 2 + (r * c) % 3).is_multiple_of(2),
    };
    let end = n - 7; // the centre of the alignment pattern, from version 2 on
    let fixed = |r: usize, c: usize| {
        let finder = (r < 9 && (c < 9 || c >= n - 8)) || (r >= n - 8 && c < 9);
        let alignment = version > 1 && r.abs_diff(end) <= 2 && c.abs_diff(end) <= 2;
        finder || alignment || r == 6 || c == 6
    };
    let mut bits = Vec::new();
    let mut column = n - 1;
    let mut up = true;
    loop {
        if column == 6 {
            column -= 1;
        }
        for i in 0..n {
            let row = if up { n - 1 - i } else { i };
            for c in [column, column - 1] {
                if !fixed(row, c) {
                    bits.push(m[row][c] ^ masked(row, c));
                }
            }
        }
        up = !up;
        if column < 2 {
            break;
        }
        column -= 2;
    }
    // Up to version 5, level L has one block: its data stand in front, in their order.
    assert!(version <= 5, "one block");
    let number =
        |from: usize, len: usize| bits[from..from + len].iter().fold(0usize, |n, b| n << 1 | usize::from(*b));
    let (mut at, mut out) = (0, Vec::new());
    loop {
        let mode = if at + 4 <= bits.len() { number(at, 4) } else { 0 };
        at += 4;
        match mode {
            0b0100 => {
                let len = number(at, 8);
                at += 8;
                for _ in 0..len {
                    out.push(number(at, 8) as u8);
                    at += 8;
                }
            }
            0b0010 => {
                const WORDS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
                let len = number(at, 9);
                at += 9;
                for _ in 0..len / 2 {
                    let pair = number(at, 11);
                    out.extend([WORDS[pair / 45], WORDS[pair % 45]]);
                    at += 11;
                }
                if len % 2 == 1 {
                    out.push(WORDS[number(at, 6)]);
                    at += 6;
                }
            }
            0b0001 => {
                let len = number(at, 10);
                at += 10;
                let mut left = len;
                while left > 0 {
                    let (digits, width) = match left {
                        1 => (1, 4),
                        2 => (2, 7),
                        _ => (3, 10),
                    };
                    out.extend(format!("{:0digits$}", number(at, width)).bytes());
                    at += width;
                    left -= digits;
                }
            }
            _ => break,
        }
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn a_code_says_what_was_put_in() {
    for text in [
        "https://app.kapso.ai/whatsapp/setup/aBcD123xyz",
        "http://127.0.0.1:9099/whatsapp/setup/0123456789abcdef0123456789abcdef",
        "https://wa.me/message/ABCDEFGHIJ1234",
        "hi",
    ] {
        assert_eq!(decode(&seen(&qr::lines(text).unwrap())), text);
    }
}
