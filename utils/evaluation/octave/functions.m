function info = functions(handle)
  % FUNCTIONS of MATLAB, which names the file of a compiled function too.
  info = builtin("functions", handle);
  if isempty(info.file)
    info.file = which(info.function);
  end
end
