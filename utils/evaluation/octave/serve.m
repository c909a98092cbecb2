% Scores pairs of images by HDR-VDP-2, a request a line, until standard input ends.
% Arguments: folder of HDR-VDP-2, folder of compiled filters or '', file of the pairs, color
% encoding, pixels per degree, display. A request is `HEIGHT WIDTH`: the file then holds the result
% and the truth, (H, W, 3) doubles by columns. Answers begin with `esbn:`.
1;

function answer(word, text)
  printf("\nesbn:%s %s\n", word, strrep(text, "\n", " "));
  fflush(stdout);
end

try
  [folder, compiled, file, encoding, density, display] = argv(){:};
  warning("off", "Octave:shadowed-function");
  sigterm_dumps_octave_core(false);
  sighup_dumps_octave_core(false);
  pkg load image
  filters = glob(fullfile(folder, "matlabPyrTools*"));
  addpath(folder, filters{:});
  addpath(fileparts(mfilename("fullpath")));
  if ~isempty(compiled)
    addpath(compiled);
  end
  released = "of unknown version";
  if exist("hdrvdp_version")
    released = num2str(hdrvdp_version());
  end
  answer("ready", released);
catch problem
  answer("error", problem.message);
  exit(1);
end

while ischar(request = fgetl(stdin))
  if isempty(request)
    continue;  % follows each request, because fgetl waits for the first character of a next line
  end
  try
    side = sscanf(request, "%d")';
    handle = fopen(file);
    images = reshape(fread(handle, Inf, "double"), [side 3 2]);
    fclose(handle);
    found = hdrvdp(images(:, :, :, 1), images(:, :, :, 2), encoding, str2double(density), ...
      {"rgb_display", display});
    answer("done", sprintf("%.17g", found.Q));
  catch problem
    answer("error", problem.message);
  end
end
