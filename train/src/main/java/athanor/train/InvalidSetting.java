package athanor.train;

/// A value that cannot be used: what was given and what is accepted, in one line.
public final class InvalidSetting extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    public InvalidSetting(String message) {
        super(message);
    }

    public InvalidSetting(Setting setting, String given, String accepted) {
        this(setting.flag() + " " + shown(given) + ": accepted is " + accepted);
    }

    /// What was given may be of any length and kind.
    private static String shown(String given) {
        return given.substring(0, Math.min(100, given.length())).replaceAll("\\p{Cntrl}", "?");
    }
}
