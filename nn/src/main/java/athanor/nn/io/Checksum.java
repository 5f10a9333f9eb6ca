package athanor.nn.io;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.TreeMap;

/// The SHA-256 of a model file's contents: of a line `key=value` for each text in the order of the
/// keys, then for each tensor in the order of the names, of a line `name type shape` (as in
/// `fc.weight F32 [10, 512]`) and its bytes. It does not depend on how the file is laid out.
final class Checksum {
    private Checksum() {}

    static String of(Safetensors contents) {
        MessageDigest digest = sha256();
        new TreeMap<>(contents.metadata())
                .forEach((key, value) -> update(digest, key + "=" + value + "\n"));
        byte[] chunk = new byte[1 << 16];
        new TreeMap<>(contents.tensors())
                .forEach(
                        (name, tensor) -> {
                            String type = tensor.type().name();
                            update(digest, name + " " + type + " " + tensor.shape() + "\n");
                            update(digest, tensor.bytes(), chunk);
                        });
        return HexFormat.of().formatHex(digest.digest());
    }

    private static void update(MessageDigest digest, String text) {
        digest.update(text.getBytes(StandardCharsets.UTF_8));
    }

    private static void update(MessageDigest digest, MemorySegment bytes, byte[] chunk) {
        for (long done = 0; done < bytes.byteSize(); done += chunk.length) {
            int count = (int) Math.min(chunk.length, bytes.byteSize() - done);
            MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, done, chunk, 0, count);
            digest.update(chunk, 0, count);
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
