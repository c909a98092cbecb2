function result = ifft2(x, varargin)
  % IFFT2 of MATLAB, which takes 'symmetric' as its last argument: the result is real.
  symmetric = ~isempty(varargin) && ischar(varargin{end});
  result = builtin("ifft2", x, varargin{1:end - symmetric});
  if symmetric
    result = real(result);
  end
end
