//! Which theme it is, what is wrong with one, and whether it can be read by people.

use super::*;
use depth::value;

fn theme(name: &str, color: ColorMode, env: &[(&str, &str)], light: Option<bool>) -> (Theme, Option<String>) {
    let settings = UiSettings { color, theme: name.into(), ..UiSettings::default() };
    Theme::for_settings(&settings, |n| env.iter().find(|(k, _)| *k == n).map(|(_, v)| (*v).to_owned()), light)
}

const TERM: (&str, &str) = ("TERM", "xterm-256color");

#[test]
fn colours_follow_the_environment_unless_the_settings_say_otherwise() {
    let dim = |color, env: &[(&str, &str)]| theme("dark", color, env, None).0.dim.fg;
    assert_eq!(dim(ColorMode::Auto, &[("TERM", "xterm")]), Some(Color::DarkGray));
    assert!(matches!(dim(ColorMode::Auto, &[TERM]), Some(Color::Indexed(_))));
    let true_color = [TERM, ("COLORTERM", "truecolor")];
    assert!(matches!(dim(ColorMode::Auto, &true_color), Some(Color::Rgb(..))));
    assert_eq!(dim(ColorMode::Auto, &[TERM, ("NO_COLOR", "1")]), None);
    assert!(matches!(dim(ColorMode::True, &[("NO_COLOR", "1")]), Some(Color::Rgb(..))));
}

#[test]
fn auto_goes_by_what_the_terminal_says_then_by_its_environment() {
    let name = |env: &[(&str, &str)], light| theme("auto", ColorMode::Auto, env, light).0.name;
    assert_eq!(name(&[TERM], None), "dark");
    assert_eq!(name(&[TERM], Some(true)), "light");
    assert_eq!(name(&[TERM, ("COLORFGBG", "0;15")], None), "light");
    assert_eq!(name(&[TERM, ("COLORFGBG", "0;default;15")], None), "light");
    assert_eq!(name(&[TERM, ("COLORFGBG", "15;0")], None), "dark");
    assert_eq!(name(&[TERM, ("COLORFGBG", "15;0")], Some(true)), "light");
    assert_eq!(name(&[("TERM", "xterm")], None), "sixteen");
    assert_eq!(name(&[TERM, ("NO_COLOR", "1")], Some(true)), "none");
    assert_eq!(theme("contrast", ColorMode::Auto, &[TERM], Some(true)).0.name, "contrast");
}

#[test]
fn a_theme_of_ones_own_takes_the_rest_from_a_built_in_one() {
    let dir = tempfile::tempdir().unwrap();
    let settings = UiSettings {
        themes: Some(dir.path().to_owned()),
        theme: "mine".into(),
        color: ColorMode::True,
        ..UiSettings::default()
    };
    let write = |text: &str| std::fs::write(dir.path().join("mine.toml"), text).unwrap();
    let get = || Theme::for_settings(&settings, |_| None, None);
    write(
        "light = true\n[palette]\naccent = [\"#102030\", 7]\n[roles]\nbad = \"accent on #ffffff italic\"\n",
    );
    let (mine, problem) = get();
    assert_eq!((mine.name.as_str(), problem), ("mine", None));
    assert_eq!(mine.focus.fg, Some(Color::Rgb(0x10, 0x20, 0x30)));
    assert_eq!(mine.dim, Theme::built_in("light", Depth::True).dim);
    assert_eq!(
        mine.bad,
        Style::new().fg(mine.focus.fg.unwrap()).bg(Color::Rgb(255, 255, 255)).add_modifier(Modifier::ITALIC)
    );
    // What is wrong is said with its place, and the standard theme stands in.
    let at = dir.path().join("mine.toml").display().to_string();
    for (text, complaint) in [
        ("[palette]\naccent = \"blurple\"\n", ":2:10: `blurple` is no colour, use \"#rrggbb\""),
        ("[palette]\naccent = [\"red\", 1, 2, 3]\n", ":2:10: a list has one to three colours"),
        ("\n[roles]\nbad = \"red on\"\n", ":3:7: `on` has no colour behind it"),
        ("[roles]\nbadd = \"red\"\n", ":2:8: there is no role `badd`, known are text, dim"),
        ("[roles]\nbad = \"shiny\"\n", ":2:7: `shiny` is neither a colour nor a way of writing"),
        ("colour = 1\n", ":1:1: unknown key `colour`"),
        ("[palette\n", ":1:"),
    ] {
        write(text);
        let (theme, problem) = get();
        assert_eq!(theme.name, "dark");
        let problem = problem.unwrap();
        assert!(problem.starts_with(&format!("{at}{complaint}")), "{problem}");
    }
    std::fs::remove_file(dir.path().join("mine.toml")).unwrap();
    assert!(get().1.unwrap().contains("there is no theme `mine`"));
    write("title = \"x\"");
    std::fs::write(dir.path().join("broken.toml"), "]").unwrap();
    let all = installed(Some(dir.path()), Depth::True);
    let names: Vec<(&str, bool)> = all.iter().map(|l| (&*l.name, l.theme.is_ok())).collect();
    assert_eq!(names[BUILT_IN.len()..], [("broken", false), ("mine", true)]);
}

/// Relative luminance, as the accessibility guidelines (WCAG 2.2) define it.
fn luminance(c: [u8; 3]) -> f64 {
    let channel = |v: u8| {
        let v = f64::from(v) / 255.0;
        if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2])
}

fn contrast(a: Color, b: Color) -> f64 {
    let (a, b) = (luminance(value(a).unwrap()), luminance(value(b).unwrap()));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn the_contrast_is_the_one_of_the_guidelines() {
    assert!((contrast(Color::Rgb(0, 0, 0), Color::Rgb(255, 255, 255)) - 21.0).abs() < 0.01);
    assert!((contrast(Color::Rgb(119, 119, 119), Color::Rgb(255, 255, 255)) - 4.48).abs() < 0.01);
}

/// Every role of every theme can be read on its background and on the row under the cursor.
#[test]
fn text_can_be_read_on_its_background() {
    for (name, text) in BUILT_IN {
        for depth in [Depth::True, Depth::Indexed, Depth::Basic] {
            let t = Theme::built_in(name, depth);
            assert_eq!(t.name, *name, "{name} does not load");
            let painted = file::parse(
                Path::new(name),
                &format!("paint = true\n{}", text.replace("paint = true", "")),
                name,
                depth,
            );
            let (background, front) = painted.unwrap().paint.unwrap();
            let least = match (*name, depth) {
                ("contrast", Depth::True | Depth::Indexed) => 7.0,
                // The 16 are what the terminal makes of them; these are xterm's.
                (_, Depth::Basic) | ("sixteen", _) => 3.9,
                _ => 4.5,
            };
            let roles = [
                ("text", t.text),
                ("dim", t.dim),
                ("strong", t.strong),
                ("focus", t.focus),
                ("key", t.key),
                ("unread", t.unread),
                ("theirs", t.theirs),
                ("ours", t.ours),
                ("read", t.read),
                ("note", t.note),
                ("good", t.good),
                ("warn", t.warn),
                ("bad", t.bad),
                ("matched", t.matched),
                ("variable", t.variable),
                ("link", t.link),
            ];
            for (role, style) in roles {
                let fg = style.fg.filter(|c| *c != Color::Reset).unwrap_or(front);
                let on = style.bg.unwrap_or(background);
                let ratio = contrast(fg, on);
                assert!(ratio >= least, "{name} {depth:?}: {role} has {ratio:.2}, {least} are needed");
                // Under the cursor: the row's own colours, where it has any.
                if t.selected.add_modifier.contains(Modifier::REVERSED) {
                    continue;
                }
                let fg = t.selected.fg.unwrap_or(fg);
                let on = t.selected.bg.unwrap_or(background);
                let ratio = contrast(fg, on);
                let least = if depth == Depth::Basic { 3.0 } else { 4.5 };
                assert!(ratio >= least, "{name} {depth:?}: {role} has {ratio:.2} under the cursor");
            }
            let border = contrast(t.border.fg.unwrap(), background);
            assert!(border >= 1.5, "{name} {depth:?}: borders have {border:.2}");
        }
    }
}

#[test]
fn fewer_colours_are_the_nearest_ones() {
    let indexed = |r, g, b| depth::to_indexed(Color::Rgb(r, g, b));
    assert_eq!(indexed(255, 255, 255), Color::Indexed(231));
    assert_eq!(indexed(95, 135, 175), Color::Indexed(67));
    assert_eq!(indexed(128, 128, 128), Color::Indexed(244));
    assert_eq!(depth::to_basic(Color::Rgb(250, 10, 10)), Color::LightRed);
    assert_eq!(depth::to_basic(Color::Indexed(231)), Color::White);
    assert_eq!(depth::to_basic(Color::Cyan), Color::Cyan);
}
