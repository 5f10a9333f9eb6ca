package athanor.train;

/// A value that cannot be used: what was given and what is accepted, in one line.
public final class InvalidSetting extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    public InvalidSetting(String message) {
        super(message);
    }

    public InvalidSetting(Setting setting, String given, String accepted) {
        this(setting.flag() + " " + given + ": accepted is " + accepted);
    }
}
