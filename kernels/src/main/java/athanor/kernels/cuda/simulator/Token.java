package athanor.kernels.cuda.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A word, number, string or sign of PTX text, with its line from 1.
record Token(String text, int line) {
    /// Names may begin with `.`, `%`, `$` and hold dots; a modifier may hold `::`.
    private static final Pattern TOKENS =
            Pattern.compile(
                    "(?<space>\\s+|//[^\\n]*|/\\*.*?\\*/)"
                            + "|(?<name>[.%$A-Za-z_][\\w$]*(?:(?:\\.|::)[\\w$]+)*)"
                            + "|(?<number>-?(?:0[fFdD][0-9a-fA-F]+|0[xX][0-9a-fA-F]+U?"
                            + "|\\d+\\.\\d*(?:[eE][-+]?\\d+)?|\\d+U?))"
                            + "|(?<string>\"[^\"]*\")"
                            + "|(?<sign>[-+,;:(){}\\[\\]<>@!|=*])",
                    Pattern.DOTALL);

    static List<Token> of(String text, List<String> lines) {
        List<Token> tokens = new ArrayList<>();
        Matcher matcher = TOKENS.matcher(text);
        int line = 1;
        int at = 0;
        while (at < text.length()) {
            if (!matcher.find(at) || matcher.start() != at) {
                throw new PtxProblem(
                        line, lines.get(line - 1), "`" + text.charAt(at) + "` is not PTX");
            }
            if (matcher.group("space") == null) {
                tokens.add(new Token(matcher.group(), line));
            }
            line += (int) matcher.group().chars().filter(c -> c == '\n').count();
            at = matcher.end();
        }
        tokens.add(new Token("", line));
        return tokens;
    }

    boolean is(String other) {
        return text.equals(other);
    }

    boolean isName() {
        return !text.isEmpty()
                && (Character.isLetter(text.charAt(0)) || ".%$_".indexOf(text.charAt(0)) >= 0);
    }

    boolean isNumber() {
        return !text.isEmpty()
                && (Character.isDigit(text.charAt(0))
                        || (text.length() > 1 && text.charAt(0) == '-'));
    }
}
