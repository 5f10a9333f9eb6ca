package athanor.train.data;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Letters of 5x7 pixels from a text file. A machine without fonts, as many containers are, cannot
/// draw text otherwise, and so sheets look the same everywhere.
final class PixelFont {
    static final int HEIGHT = 7;
    private static final int ADVANCE = 6;
    private static final Map<Character, List<String>> GLYPHS = glyphs();

    private PixelFont() {}

    /// Draws a text in one line from the left upper corner; letters that do not fit the width are
    /// left out.
    static void draw(BufferedImage image, String text, int left, int top, int width, int colour) {
        List<String> unknown = GLYPHS.getOrDefault('_', List.of());
        for (int i = 0; i < Math.min(text.length(), (width + 1) / ADVANCE); i++) {
            List<String> rows = GLYPHS.getOrDefault(Character.toLowerCase(text.charAt(i)), unknown);
            for (int y = 0; y < rows.size(); y++) {
                for (int x = 0; x < rows.get(y).length(); x++) {
                    if (rows.get(y).charAt(x) == '#') {
                        image.setRGB(left + i * ADVANCE + x, top + y, colour);
                    }
                }
            }
        }
    }

    /// The file holds, for each letter, a line with it and seven lines of # and . below.
    private static Map<Character, List<String>> glyphs() {
        try (var file = PixelFont.class.getResourceAsStream("font.txt")) {
            if (file == null) {
                throw new IllegalStateException("font.txt is not in the jar; build it again");
            }
            List<String> lines =
                    new String(file.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
            Map<Character, List<String>> glyphs = new HashMap<>();
            glyphs.put(' ', List.of());
            for (int i = 0; i + HEIGHT < lines.size(); i += HEIGHT + 1) {
                glyphs.put(lines.get(i).charAt(0), lines.subList(i + 1, i + 1 + HEIGHT));
            }
            return glyphs;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
