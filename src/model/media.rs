//! Files that go out: what they are by their content, and what of them the provider takes.
//!
//! A file is known by the SHA-256 of its bytes; the bytes themselves are elsewhere. Types and sizes are the provider's
//! (Cloud API documentation of 2025/26); breaking one names the field.

use super::message::{MediaCard, MediaKind};
use super::outgoing::FieldProblem;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// Largest file of any kind, in bytes: 100 MB.
pub const FILE_MAX: u64 = 100 << 20;
/// Longest caption, in characters.
pub const CAPTION_MAX: usize = 1024;
/// Longest file name, in bytes.
pub const NAME_MAX: usize = 240;
/// Bytes at the beginning of a file that say what it is.
pub const HEAD: usize = 64 << 10;

/// Most bytes of an image: 5 MB.
const IMAGE_MAX: u64 = 5 << 20;
/// Most bytes of a film or a sound: 16 MB.
const PLAYED_MAX: u64 = 16 << 20;
/// Most bytes of a sticker that stands still: 100 KB.
const STICKER_MAX: u64 = 100 << 10;
/// Most bytes of a sticker that moves: 500 KB.
const MOVING_STICKER_MAX: u64 = 500 << 10;
/// Width and height of a sticker.
const STICKER_SIDE: u32 = 512;

const WORD: &str = "application/msword";
const EXCEL: &str = "application/vnd.ms-excel";
const POWERPOINT: &str = "application/vnd.ms-powerpoint";
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const PPTX: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";

/// What can be sent, for sentences.
const TAKEN: &str = "JPEG, PNG, MP4, 3GP, sound, PDF, text and Office files can be sent";

/// The SHA-256 of a file's bytes: its name in every store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileHash(pub [u8; 32]);

/// Text that is no hash of a file.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("this is not the hash of a file: 64 hexadecimal digits are expected")]
pub struct BadHash;

impl FileHash {
    /// From raw bytes; `None` unless there are exactly 32.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for FileHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for b in self.0 {
            write!(f, "{b:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for FileHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileHash({self})")
    }
}

impl FromStr for FileHash {
    type Err = BadHash;

    fn from_str(s: &str) -> Result<Self, BadHash> {
        if s.len() != 64 || !s.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return Err(BadHash);
        }
        let mut out = [0u8; 32];
        for (i, b) in out.iter_mut().enumerate() {
            *b = u8::from_str_radix(&s[2 * i..2 * i + 2], 16).map_err(|_| BadHash)?;
        }
        Ok(Self(out))
    }
}

impl Serialize for FileHash {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FileHash {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What a file is, by its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// MIME type as the provider wants it.
    pub mime: String,
    /// Whether a sticker moves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub animated: bool,
}

/// A file of ours that is kept, and the name it goes by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// Its bytes.
    pub hash: FileHash,
    /// The name the customer sees: never a path.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// What it is.
    #[serde(flatten)]
    pub facts: FileFacts,
}

impl StoredFile {
    /// The kind it is sent as.
    #[must_use]
    pub fn kind(&self) -> MediaKind {
        kind_of(&self.facts.mime).unwrap_or(MediaKind::Document)
    }

    /// How it stands in a conversation.
    #[must_use]
    pub fn card(&self) -> MediaCard {
        MediaCard {
            mime: self.facts.mime.clone(),
            filename: Some(self.name.clone()),
            size: Some(self.size),
            animated: self.facts.animated,
            stored: Some(self.hash),
            ..MediaCard::default()
        }
    }

    /// The file behind the card of a message, where its bytes are kept.
    #[must_use]
    pub fn of_card(card: &MediaCard) -> Option<Self> {
        Some(Self {
            hash: card.stored?,
            name: clean_name(card.filename.as_deref().unwrap_or_default()),
            size: card.size.unwrap_or(0),
            facts: FileFacts { mime: card.mime.clone(), animated: card.animated },
        })
    }

    /// `price-list.pdf 1.2 MB`
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} {}", self.name, size_words(self.size))
    }
}

/// `812 B`, `214 kB`, `1.2 MB`.
#[must_use]
pub fn size_words(bytes: u64) -> String {
    match bytes {
        b @ ..1_000 => format!("{b} B"),
        b @ 1_000..1_000_000 => format!("{} kB", (b + 500) / 1_000),
        b => format!("{}.{} MB", b / 1_000_000, b % 1_000_000 / 100_000),
    }
}

/// Whether a kind has a text under it.
#[must_use]
pub fn has_caption(kind: MediaKind) -> bool {
    matches!(kind, MediaKind::Image | MediaKind::Video | MediaKind::Document)
}

/// The kind that a type is sent as; `None` for types that are not taken.
#[must_use]
pub fn kind_of(mime: &str) -> Option<MediaKind> {
    Some(match mime {
        "image/jpeg" | "image/png" => MediaKind::Image,
        "image/webp" => MediaKind::Sticker,
        "video/mp4" | "video/3gpp" => MediaKind::Video,
        "audio/aac" | "audio/amr" | "audio/mpeg" | "audio/mp4" | "audio/ogg" => MediaKind::Audio,
        "text/plain" | "application/pdf" | WORD | EXCEL | POWERPOINT | DOCX | XLSX | PPTX => {
            MediaKind::Document
        }
        _ => return None,
    })
}

fn size_max(kind: MediaKind, animated: bool) -> u64 {
    match kind {
        MediaKind::Image => IMAGE_MAX,
        MediaKind::Video | MediaKind::Audio | MediaKind::Voice => PLAYED_MAX,
        MediaKind::Document => FILE_MAX,
        MediaKind::Sticker if animated => MOVING_STICKER_MAX,
        MediaKind::Sticker => STICKER_MAX,
    }
}

fn a(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "an image",
        MediaKind::Video => "a video",
        MediaKind::Audio => "an audio file",
        MediaKind::Voice => "a voice message",
        MediaKind::Document => "a document",
        MediaKind::Sticker => "a sticker",
    }
}

/// Limits are powers of two, and sentences speak of round numbers.
fn limit_words(bytes: u64) -> String {
    if bytes >= 1 << 20 { format!("{} MB", bytes >> 20) } else { format!("{} KB", bytes >> 10) }
}

/// Checks a size against the limit of its kind.
pub fn check_size(kind: MediaKind, animated: bool, size: u64) -> Result<(), FieldProblem> {
    if size == 0 {
        return Err(FieldProblem::new("file", "is empty"));
    }
    let max = size_max(kind, animated);
    if size > max {
        let moving = if animated && kind == MediaKind::Sticker { " that moves" } else { "" };
        return Err(FieldProblem::new(
            "file",
            format!("has {}, {} are allowed for {}{moving}", size_words(size), limit_words(max), a(kind)),
        ));
    }
    Ok(())
}

/// Checks what is sent as a kind: type, size, caption.
pub(super) fn check(kind: MediaKind, file: &StoredFile, caption: &str) -> Result<(), FieldProblem> {
    let fits = match kind_of(&file.facts.mime) {
        Some(MediaKind::Audio) if kind == MediaKind::Voice => file.facts.mime == "audio/ogg",
        by_type => by_type == Some(kind),
    };
    if !fits {
        return Err(FieldProblem::new(
            "file",
            format!("is {}, which is not sent as {}", file.facts.mime, a(kind)),
        ));
    }
    check_size(kind, file.facts.animated, file.size)?;
    if file.name != clean_name(&file.name) {
        return Err(FieldProblem::new(
            "file",
            "has a name with a path or with characters that are not shown",
        ));
    }
    let n = caption.chars().count();
    if n > 0 && !has_caption(kind) {
        return Err(FieldProblem::new("caption", format!("is not possible with {}", a(kind))));
    }
    if n > CAPTION_MAX {
        return Err(FieldProblem::new("caption", format!("has {n} characters, {CAPTION_MAX} are allowed")));
    }
    Ok(())
}

/// What changes the direction of writing, or is not shown at all.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A name as others may see it: the last part of a path, without what is not shown or ends a header, not too long.
#[must_use]
pub fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String =
        last.chars().filter(|c| !is_unseen(*c)).map(|c| if c == '"' { '\'' } else { c }).collect();
    let mut name = shown.trim_start_matches(|c: char| c == '.' || c.is_whitespace()).trim_end().to_owned();
    if name.len() > NAME_MAX {
        // The ending says what it is: it stays.
        let ending =
            name.rfind('.').map(|at| name[at..].to_owned()).filter(|e| e.len() <= 16).unwrap_or_default();
        let mut cut = NAME_MAX - ending.len();
        while !name.is_char_boundary(cut) {
            cut -= 1;
        }
        name.truncate(cut);
        name.push_str(&ending);
    }
    if name.is_empty() { "file".into() } else { name }
}

/// Looks at the beginning of a file, at its name and size: what it is, or why it cannot be sent.
///
/// The content decides. The name only tells apart what looks the same from outside (the old Office files).
pub fn judge(name: &str, head: &[u8], size: u64) -> Result<FileFacts, FieldProblem> {
    if size == 0 {
        return Err(FieldProblem::new("file", "is empty"));
    }
    if size > FILE_MAX {
        check_size(MediaKind::Document, false, size)?;
    }
    let facts = sniff(name, head)?;
    if let Some(kind) = kind_of(&facts.mime) {
        check_size(kind, facts.animated, size)?;
    }
    Ok(facts)
}

fn sniff(name: &str, head: &[u8]) -> Result<FileFacts, FieldProblem> {
    let plain = |mime: &str| Ok(FileFacts { mime: mime.to_owned(), animated: false });
    if head.starts_with(b"OggS") {
        return ogg(head).and_then(plain);
    }
    if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
        return webp(head).map(|animated| FileFacts { mime: "image/webp".into(), animated });
    }
    if head.starts_with(b"\x89PNG\r\n\x1a\n") {
        return png(head).and_then(plain);
    }
    if head.starts_with(b"PK\x03\x04") {
        return zip(name, head).and_then(plain);
    }
    if head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return old_office(name).and_then(plain);
    }
    if head.starts_with(b"#!AMR\n") {
        return plain("audio/amr");
    }
    if let Some(mime) = film(head) {
        return plain(mime);
    }
    match infer::get(head).map(|t| t.mime_type()) {
        Some("image/jpeg") => plain("image/jpeg"),
        Some("audio/mpeg") => plain("audio/mpeg"),
        Some("audio/aac") => plain("audio/aac"),
        Some("application/pdf") => plain("application/pdf"),
        // Shell scripts, HTML and the like are text that nothing runs by itself.
        found if is_text(head) && found.is_none_or(|f| f.starts_with("text/")) => plain("text/plain"),
        Some(other) => Err(refused(other)),
        None => Err(FieldProblem::new("file", format!("is of an unknown type: {TAKEN}"))),
    }
}

fn refused(what: &str) -> FieldProblem {
    FieldProblem::new("file", format!("is {what}: {TAKEN}"))
}

/// The containers of MPEG 4 say in four letters what they hold.
fn film(head: &[u8]) -> Option<&'static str> {
    let brand = head.get(8..12).filter(|_| head.get(4..8) == Some(b"ftyp"))?;
    Some(match brand {
        b"M4A " | b"M4B " => "audio/mp4",
        b"isom" | b"iso2" | b"iso4" | b"iso5" | b"iso6" | b"mp41" | b"mp42" | b"mmp4" | b"avc1" | b"MSNV"
        | b"M4V " | b"M4VH" | b"M4VP" | b"dash" => "video/mp4",
        b if b.starts_with(b"3gp") => "video/3gpp",
        // QuickTime, HEIC and the like.
        _ => return None,
    })
}

/// Text in UTF-8 without anything that no text has. The last character may be cut.
fn is_text(head: &[u8]) -> bool {
    let whole = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(e) if e.error_len().is_none() => {
            std::str::from_utf8(&head[..e.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !whole.is_empty() && !whole.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}'))
}

/// Ogg has to hold Opus with one channel.
fn ogg(head: &[u8]) -> Result<&'static str, FieldProblem> {
    // The first page holds the first packet whole: 27 bytes, a table of segments, then the packet.
    let packet = head.get(26).map_or(0, |segments| 27 + usize::from(*segments));
    if head.get(packet..packet + 8) != Some(b"OpusHead") {
        return Err(FieldProblem::new("file", "is Ogg without Opus, and WhatsApp takes Ogg with Opus only"));
    }
    match head.get(packet + 9) {
        Some(1) => Ok("audio/ogg"),
        _ => Err(FieldProblem::new("file", "is Ogg with several channels, and WhatsApp takes mono only")),
    }
}

/// Eight bits a channel, in colour.
fn png(head: &[u8]) -> Result<&'static str, FieldProblem> {
    match (head.get(24), head.get(25)) {
        (Some(8), Some(2 | 6)) => Ok("image/png"),
        _ => Err(FieldProblem::new(
            "file",
            "is PNG with a palette, in grey or with other than 8 bits; WhatsApp takes 8-bit RGB and RGBA only",
        )),
    }
}

fn side(head: &[u8], at: usize) -> Option<u32> {
    let b = head.get(at..at + 3)?;
    Some((u32::from(b[0]) | u32::from(b[1]) << 8 | u32::from(b[2]) << 16) + 1)
}

/// WebP is for stickers: 512 by 512. Says whether it moves.
fn webp(head: &[u8]) -> Result<bool, FieldProblem> {
    let size = |at: usize| head.get(at..at + 2).map(|b| u32::from(u16::from_le_bytes([b[0], b[1]]) & 0x3fff));
    let (width, height, animated) = match head.get(12..16) {
        Some(b"VP8X") => (side(head, 24), side(head, 27), head.get(20).is_some_and(|flags| flags & 2 != 0)),
        Some(b"VP8 ") => (size(26), size(28), false),
        Some(b"VP8L") => {
            let bits = head.get(21..25).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
            (bits.map(|b| (b & 0x3fff) + 1), bits.map(|b| (b >> 14 & 0x3fff) + 1), false)
        }
        _ => (None, None, false),
    };
    match (width, height) {
        (Some(STICKER_SIDE), Some(STICKER_SIDE)) => Ok(animated),
        (Some(w), Some(h)) => Err(FieldProblem::new(
            "file",
            format!(
                "is WebP with {w} by {h} dots: it can only be a sticker, which has {STICKER_SIDE} by {STICKER_SIDE}"
            ),
        )),
        _ => Err(FieldProblem::new("file", "is WebP that cannot be read")),
    }
}

/// Office files of today are ZIP archives with a known inside.
fn zip(name: &str, head: &[u8]) -> Result<&'static str, FieldProblem> {
    let has = |what: &[u8]| memchr::memmem::find(head, what).is_some();
    let inside = [(&b"word/"[..], DOCX), (b"xl/", XLSX), (b"ppt/", PPTX)];
    let office = has(b"[Content_Types].xml") || has(b"_rels/.rels");
    if office {
        if let Some((_, mime)) = inside.iter().find(|(folder, _)| has(folder)) {
            return Ok(mime);
        }
        // The folder comes after the part that was looked at: then the name tells which of the three it is.
        match ending(name).as_str() {
            "docx" => return Ok(DOCX),
            "xlsx" => return Ok(XLSX),
            "pptx" => return Ok(PPTX),
            _ => {}
        }
    }
    Err(refused("a ZIP archive"))
}

/// Old Office files look the same from outside: the name tells which of the three one is.
fn old_office(name: &str) -> Result<&'static str, FieldProblem> {
    match ending(name).as_str() {
        "doc" => Ok(WORD),
        "xls" => Ok(EXCEL),
        "ppt" => Ok(POWERPOINT),
        _ => Err(FieldProblem::new(
            "file",
            "is an old Office file whose name does not end in .doc, .xls or .ppt",
        )),
    }
}

fn ending(name: &str) -> String {
    name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mime(name: &str, head: &[u8]) -> String {
        judge(name, head, head.len() as u64).map_or_else(|p| format!("! {}", p.problem), |f| f.mime)
    }

    fn png_of(depth: u8, colour: u8) -> Vec<u8> {
        let mut b = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01".to_vec();
        b.extend([depth, colour, 0, 0, 0]);
        b
    }

    fn webp_of(side: u32, moving: bool) -> Vec<u8> {
        let mut b = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0".to_vec();
        b.extend([if moving { 2 } else { 0 }, 0, 0, 0]);
        for _ in 0..2 {
            b.extend(&(side - 1).to_le_bytes()[..3]);
        }
        b
    }

    fn opus(channels: u8) -> Vec<u8> {
        let mut b = b"OggS\0\x02".to_vec();
        b.extend([0; 20]);
        b.extend([1, 19]);
        b.extend(b"OpusHead\x01");
        b.extend([channels, 0, 0]);
        b
    }

    #[test]
    fn the_content_decides_and_not_the_name() {
        assert_eq!(mime("photo.exe", b"\xff\xd8\xff\xe0\0\x10JFIF\0"), "image/jpeg");
        assert_eq!(mime("photo.jpg", b"%PDF-1.7\n"), "application/pdf");
        assert_eq!(mime("a", &png_of(8, 6)), "image/png");
        assert!(mime("a.png", &png_of(8, 3)).contains("palette"));
        assert!(mime("a.png", &png_of(16, 2)).contains("8-bit"));
        assert_eq!(mime("a.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"), "video/mp4");
        assert_eq!(mime("a.m4a", b"\0\0\0\x18ftypM4A \0\0\0\0M4A isom"), "audio/mp4");
        assert_eq!(mime("a.3gp", b"\0\0\0\x18ftyp3gp4\0\0\0\x003gp4"), "video/3gpp");
        assert_eq!(mime("a.mp3", b"ID3\x03\0\0\0\0\0\0"), "audio/mpeg");
        assert_eq!(mime("a.aac", b"\xff\xf1\x50\x80\0"), "audio/aac");
        assert_eq!(mime("a.amr", b"#!AMR\n\x3c"), "audio/amr");
        assert_eq!(mime("prices.csv", "naam;prijs\nfiets;4,99 €\n".as_bytes()), "text/plain");
        for (head, word) in
            [(&b"MZ\x90\0\x03\0\0\0"[..], "is "), (b"GIF89a\x01\0", "image/gif"), (b"\0\0\0", "unknown")]
        {
            let said = mime("photo.jpg", head);
            assert!(said.starts_with("! ") && said.contains(word), "{said}");
        }
    }

    #[test]
    fn text_has_no_control_characters_and_may_be_cut() {
        assert_eq!(mime("a.txt", &"é".as_bytes()[..1]), format!("! is of an unknown type: {TAKEN}"));
        let cut = [b"caf\xc3".as_slice()].concat();
        assert_eq!(mime("a.txt", &cut), "text/plain");
        assert!(mime("a.txt", b"a\x1b[2J").starts_with('!'));
        assert!(mime("a.txt", b"caf\xe9 au lait").starts_with('!'));
    }

    #[test]
    fn office_files_are_told_apart_and_archives_refused() {
        let zip = |inside: &str| [b"PK\x03\x04\x14\0".as_slice(), inside.as_bytes()].concat();
        assert_eq!(mime("a", &zip("[Content_Types].xml....word/document.xml")), DOCX);
        assert_eq!(mime("a.docx", &zip("_rels/.rels....xl/workbook.xml")), XLSX);
        assert_eq!(mime("a.pptx", &zip("[Content_Types].xml")), PPTX);
        assert!(mime("a.docx", &zip("run.sh")).contains("ZIP"));
        let old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
        assert_eq!(mime("A.XLS", old), EXCEL);
        assert!(mime("a.msi", old).contains("old Office"));
    }

    #[test]
    fn sound_in_ogg_is_opus_with_one_channel() {
        assert_eq!(mime("a.ogg", &opus(1)), "audio/ogg");
        assert!(mime("a.ogg", &opus(2)).contains("mono"));
        assert!(mime("a.ogg", b"OggS\0\x02").contains("Opus"));
    }

    #[test]
    fn stickers_have_one_size_and_weigh_little() {
        let still = webp_of(512, false);
        assert_eq!(
            judge("s.webp", &still, 1_000).unwrap(),
            FileFacts { mime: "image/webp".into(), animated: false }
        );
        assert!(judge("s.webp", &webp_of(512, true), 500 << 10).unwrap().animated);
        let too_large = judge("s.webp", &still, (100 << 10) + 1).unwrap_err().problem;
        assert_eq!(too_large, "has 102 kB, 100 KB are allowed for a sticker");
        assert!(judge("s.webp", &webp_of(640, false), 1_000).unwrap_err().problem.contains("640 by 640"));
    }

    #[test]
    fn sizes_have_a_limit_of_their_kind() {
        let jpeg = b"\xff\xd8\xff\xe0";
        assert!(judge("a.jpg", jpeg, IMAGE_MAX).is_ok());
        let p = judge("a.jpg", jpeg, IMAGE_MAX + 1).unwrap_err();
        assert_eq!(
            (p.field.as_str(), p.problem.as_str()),
            ("file", "has 5.2 MB, 5 MB are allowed for an image")
        );
        assert!(judge("a.pdf", b"%PDF-1.4", FILE_MAX).is_ok());
        assert!(judge("a.pdf", b"%PDF-1.4", FILE_MAX + 1).unwrap_err().problem.contains("100 MB"));
        assert_eq!(judge("a.pdf", b"", 0).unwrap_err().problem, "is empty");
    }

    #[test]
    fn names_are_no_paths_and_hide_nothing() {
        assert_eq!(clean_name("../../etc/passwd"), "passwd");
        assert_eq!(clean_name("C:\\prices\\list.pdf"), "list.pdf");
        assert_eq!(clean_name("a\u{202e}fdp.exe\r\nX: y\u{1b}[2J"), "afdp.exeX: y[2J");
        assert_eq!(clean_name("say \"hi\".pdf"), "say 'hi'.pdf");
        for empty in ["", "/", "..", ". .", "\u{200b}"] {
            assert_eq!(clean_name(empty), "file", "{empty:?}");
        }
        let long = clean_name(&format!("{}.pdf", "é".repeat(300)));
        assert!(long.len() <= NAME_MAX && long.ends_with("é.pdf"), "{long}");
        assert_eq!(clean_name(&long), long);
    }

    #[test]
    fn a_hash_is_64_small_digits() {
        let text = "0f".repeat(32);
        assert_eq!(text.parse::<FileHash>().unwrap().to_string(), text);
        for bad in ["", "0f", &"0F".repeat(32), &"+f".repeat(32), &"../".repeat(22)[..64]] {
            assert!(bad.parse::<FileHash>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_send_names_the_field_that_breaks_a_rule() {
        let file = |mime: &str, size: u64| StoredFile {
            hash: FileHash([7; 32]),
            name: "a".into(),
            size,
            facts: FileFacts { mime: mime.into(), animated: false },
        };
        let field = |kind, file: StoredFile, caption: &str| check(kind, &file, caption).map_err(|p| p.field);
        let long = "é".repeat(CAPTION_MAX + 1);
        assert_eq!(field(MediaKind::Image, file("image/png", 9), &long[2..]), Ok(()));
        assert_eq!(field(MediaKind::Image, file("image/png", 9), &long), Err("caption".into()));
        assert_eq!(field(MediaKind::Sticker, file("image/webp", 9), "x"), Err("caption".into()));
        assert_eq!(field(MediaKind::Audio, file("audio/ogg", 9), "x"), Err("caption".into()));
        assert_eq!(field(MediaKind::Image, file("image/webp", 9), ""), Err("file".into()));
        assert_eq!(field(MediaKind::Voice, file("audio/ogg", 9), ""), Ok(()));
        assert_eq!(field(MediaKind::Voice, file("audio/mpeg", 9), ""), Err("file".into()));
        assert_eq!(field(MediaKind::Image, file("image/png", 9 << 20), ""), Err("file".into()));
        let hidden = StoredFile { name: "a/b".into(), ..file("image/png", 9) };
        assert_eq!(field(MediaKind::Image, hidden, ""), Err("file".into()));
    }
}
