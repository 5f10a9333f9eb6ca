package athanor.nn.io;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/// Named tensors of any kind of file that is read here; the kind is seen from the contents:
/// safetensors, PyTorch's state files, NumPy's `.npz` and `.npy`.
public final class TensorFile {
    private static final int PICKLE = 0x80;

    private TensorFile() {}

    /// The tensors by name; that of a `.npy` file is called `array`. Throws [ModelFileProblem] for
    /// anything else.
    public static Map<String, TensorData> read(Path file) {
        try {
            byte[] beginning = beginning(file);
            if (beginning.length >= 2 && beginning[0] == 'P' && beginning[1] == 'K') {
                return readZip(file);
            }
            if (Numpy.isOne(beginning)) {
                return Map.of("array", Numpy.parse(Files.readAllBytes(file)));
            }
            if (beginning.length >= 2 && (beginning[0] & 0xff) == PICKLE && beginning[1] <= 5) {
                throw new ModelFileProblem(
                        file,
                        "a pickle of a PyTorch before 1.6; load it there and save it again, or convert it to safetensors");
            }
            return Safetensors.read(file).tensors();
        } catch (NoSuchFileException e) {
            throw new ModelFileProblem(file, "there is no such file", e);
        } catch (IllegalArgumentException e) {
            throw new ModelFileProblem(file, String.valueOf(e.getMessage()), e);
        } catch (IOException e) {
            throw new ModelFileProblem(file, "cannot be read: " + e.getMessage(), e);
        }
    }

    private static byte[] beginning(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new ModelFileProblem(file, "is a folder, not a model file");
        }
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(8);
        }
    }

    private static Map<String, TensorData> readZip(Path file) throws IOException {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            Map<String, TensorData> tensors =
                    PyTorchFile.isOne(zip) ? PyTorchFile.read(file, zip) : Numpy.read(zip);
            if (tensors.isEmpty()) {
                throw new ModelFileProblem(
                        file, "a zip archive without tensors of PyTorch or NumPy");
            }
            return tensors;
        } catch (ZipException e) {
            throw new ModelFileProblem(file, "a damaged zip archive (" + e.getMessage() + ")", e);
        }
    }
}
